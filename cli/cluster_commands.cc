#include "cli/cluster_commands.h"

#include <cstdio>
#include <type_traits>

#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/job_log.h"
#include "cli/json.h"
#include "cli/listings.h"
#include "cli/names.h"
#include "cli/progress_display.h"
#include "client/client.h"

namespace gristmill::cli {
namespace {

constexpr std::uint32_t kTasksPerPage = 10'000;

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// What a call on the cluster returns, or that there is no address to call.
template <class Call>
std::invoke_result_t<Call, Client&> OnCluster(const ClusterFlags& flags, const Call& call) {
  GM_ASSIGN_OR_RETURN(const std::string address, CoordinatorAddress(flags.coordinator));
  Client client(address);
  return call(client);
}

absl::StatusOr<v1::TasksResponse> AllTasks(Client& client, std::uint64_t job) {
  v1::TasksRequest request;
  request.set_job(job);
  request.set_page_size(kTasksPerPage);
  v1::TasksResponse all;
  do {
    GM_ASSIGN_OR_RETURN(const v1::TasksResponse page, client.Tasks(request));
    all.mutable_tasks()->MergeFrom(page.tasks());
    request.set_page_token(page.next_page_token());
  } while (request.page_token() != 0);
  return all;
}

int ChangeJob(const ClusterFlags& flags, const std::string& job,
              absl::StatusOr<v1::JobStatus> (Client::*change)(std::uint64_t)) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::JobStatus> status =
      OnCluster(flags, [&](Client& client) { return (client.*change)(*id); });
  if (!status.ok()) return Fail(status.status());
  Print(flags.json ? ToJson(*status)
                   : RenderSummary(*status, {}, ElapsedMs(*status, UnixNowMs())) + "\n");
  return kDone;
}

}  // namespace

int ShowStatus(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::JobStatus> status =
      OnCluster(flags, [&](Client& client) { return client.Get(*id); });
  if (!status.ok()) return Fail(status.status());
  Print(flags.json ? ToJson(*status) : RenderJob(*status, UnixNowMs()));
  return kDone;
}

int ListJobs(const ClusterFlags& flags) {
  const absl::StatusOr<std::vector<v1::JobStatus>> jobs =
      OnCluster(flags, [&](Client& client) { return client.List(); });
  if (!jobs.ok()) return Fail(jobs.status());
  v1::ListResponse list;
  for (const v1::JobStatus& job : *jobs) *list.add_jobs() = job;
  Print(flags.json ? ToJson(list) : RenderJobList(list, UnixNowMs()));
  return kDone;
}

int CancelJob(const ClusterFlags& flags, const std::string& job) {
  return ChangeJob(flags, job, &Client::Cancel);
}

int SuspendJob(const ClusterFlags& flags, const std::string& job) {
  return ChangeJob(flags, job, &Client::Suspend);
}

int ShowTasks(const ClusterFlags& flags, const std::string& job, bool tsv) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::TasksResponse> tasks =
      OnCluster(flags, [&](Client& client) { return AllTasks(client, *id); });
  if (!tasks.ok()) return Fail(tasks.status());
  if (tsv) {
    Print(JobLogHeader());
    for (const v1::TaskStatus& task : tasks->tasks()) Print(JobLogLine(task));
    return kDone;
  }
  Print(flags.json ? ToJson(*tasks) : RenderTasks(*tasks));
  return kDone;
}

int ShowCounters(const ClusterFlags& flags, const std::string& job) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  const absl::StatusOr<v1::CountersResponse> counters =
      OnCluster(flags, [&](Client& client) { return client.Counters(*id); });
  if (!counters.ok()) return Fail(counters.status());
  Print(flags.json ? ToJson(*counters) : RenderCounters(*counters));
  return kDone;
}

int ShowWorkers(const ClusterFlags& flags) {
  const absl::StatusOr<v1::WorkersResponse> workers =
      OnCluster(flags, [&](Client& client) { return client.Workers(); });
  if (!workers.ok()) return Fail(workers.status());
  Print(flags.json ? ToJson(*workers) : RenderWorkers(*workers));
  return kDone;
}

}  // namespace gristmill::cli
