#include "bench/measured_cluster.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "bench/process_time.h"

namespace gristmill::bench {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

v1::CoordinatorWork Difference(const v1::CoordinatorWork& after,
                               const v1::CoordinatorWork& before) {
  v1::CoordinatorWork work;
  work.set_turns(after.turns() - before.turns());
  work.set_batches(after.batches() - before.batches());
  work.set_messages(after.messages() - before.messages());
  work.set_events(after.events() - before.events());
  work.set_deciding_seconds(after.deciding_seconds() - before.deciding_seconds());
  work.set_journal_seconds(after.journal_seconds() - before.journal_seconds());
  work.set_journal_cpu_seconds(after.journal_cpu_seconds() - before.journal_cpu_seconds());
  return work;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MeasuredCluster>> MeasuredCluster::Start(
    const std::string& directory, std::uint32_t workers, std::uint32_t slots,
    cluster::ChildSet* children) {
  const std::vector<std::string> flags = {"--log-level", "warn"};
  GM_ASSIGN_OR_RETURN(auto started, cluster::LocalCluster::Start({.directory = directory,
                                                                  .workers = workers,
                                                                  .slots = slots,
                                                                  .coordinator_flags = flags,
                                                                  .worker_flags = flags},
                                                                 children));
  return std::unique_ptr<MeasuredCluster>(new MeasuredCluster(std::move(started)));
}

MeasuredCluster::MeasuredCluster(std::unique_ptr<cluster::LocalCluster> cluster)
    : cluster_(std::move(cluster)), client_(cluster_->address()) {}

absl::StatusOr<JobTime> MeasuredCluster::SoFar() {
  JobTime times;
  GM_ASSIGN_OR_RETURN(const v1::WorkersResponse workers, client_.Workers());
  times.work = workers.coordinator();
  GM_ASSIGN_OR_RETURN(times.coordinator_cpu_s, CpuSecondsOf(cluster_->coordinator()->pid()));
  for (std::uint32_t i = 0; i < cluster_->workers(); ++i) {
    GM_ASSIGN_OR_RETURN(const double worker_s, CpuSecondsOfTree(cluster_->worker(i)->pid()));
    times.workers_cpu_s += worker_s;
  }
  return times;
}

absl::StatusOr<JobTime> MeasuredCluster::Run(const v1::JobRequest& request) {
  sync();  // what others left to be written does not slow this job's journal
  GM_ASSIGN_OR_RETURN(const JobTime before, SoFar());
  const Clock::time_point begin = Clock::now();
  GM_ASSIGN_OR_RETURN(const std::uint64_t job, client_.Submit(request));
  GM_ASSIGN_OR_RETURN(const v1::JobStatus status,
                      client_.Watch(job, [](const v1::JobStatus&) { return true; }));
  const double seconds = SecondsSince(begin);
  if (status.state() != v1::JOB_STATE_SUCCEEDED) {
    return Internal("job '{}' failed on the cluster: {}", request.job(), status.message());
  }
  GM_ASSIGN_OR_RETURN(const JobTime after, SoFar());
  return JobTime{seconds, after.coordinator_cpu_s - before.coordinator_cpu_s,
                 after.workers_cpu_s - before.workers_cpu_s, Difference(after.work, before.work)};
}

absl::StatusOr<double> MeasuredCluster::RoundTripSeconds() {
  const Clock::time_point begin = Clock::now();
  GM_RETURN_IF_ERROR(client_.Workers().status());
  return SecondsSince(begin);
}

v1::JobRequest EmptyTasks(std::uint32_t tasks, std::uint32_t wait_ms) {
  v1::JobRequest request;
  request.set_job("noop");
  (*request.mutable_params())["to"] = std::to_string(tasks);
  (*request.mutable_params())["wait_ms"] = std::to_string(wait_ms);
  request.set_splits(tasks);
  return request;
}

double Median(std::vector<double> values) {
  GM_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace gristmill::bench
