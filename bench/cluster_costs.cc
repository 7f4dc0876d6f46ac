#include "bench/cluster_costs.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "base/status.h"
#include "bench/measured_cluster.h"
#include "simulation/prediction.h"

namespace gristmill::bench {
namespace {

constexpr double kMicro = 1e6;
// Empty tasks travel by the hundred: what one costs is what its event costs.
constexpr std::uint32_t kManyTasks = 50'000;
// Those of many workers that wait travel one by one, as in a large cluster, though without hurry.
constexpr std::uint32_t kWaitingWorkers = 16;
constexpr std::uint32_t kWaitingTasks = 4'800;
constexpr std::uint32_t kWaitMs = 10;
constexpr int kRoundTrips = 201;

absl::StatusOr<double> RoundTripSeconds(MeasuredCluster& cluster) {
  std::vector<double> seconds;
  for (int i = 0; i < kRoundTrips; ++i) {
    GM_ASSIGN_OR_RETURN(const double one, cluster.RoundTripSeconds());
    seconds.push_back(one);
  }
  return Median(std::move(seconds));
}

// The run with the median time.
absl::StatusOr<JobTime> MedianRun(MeasuredCluster& cluster, const v1::JobRequest& request,
                                  int repetitions) {
  std::vector<JobTime> times;
  for (int i = 0; i < repetitions; ++i) {
    GM_ASSIGN_OR_RETURN(times.emplace_back(), cluster.Run(request));
  }
  std::sort(times.begin(), times.end(),
            [](const JobTime& a, const JobTime& b) { return a.seconds < b.seconds; });
  return times[times.size() / 2];
}

// So much went through the coordinator, and took so long.
struct Spent {
  double things, messages, seconds;
};

// What one thing and one message take, in microseconds, if that explains both runs.
std::pair<double, double> Solve(const Spent& many, const Spent& waiting) {
  const double determinant = many.things * waiting.messages - waiting.things * many.messages;
  const double thing_s =
      (many.seconds * waiting.messages - waiting.seconds * many.messages) / determinant;
  const double thing_us = kMicro * std::max(thing_s, 0.0);
  const double rest_us = kMicro * waiting.seconds - thing_us * waiting.things;
  return {thing_us, std::max(rest_us, 0.0) / waiting.messages};
}

Spent Deciding(const v1::CoordinatorWork& work) {
  return {static_cast<double>(work.events()), static_cast<double>(work.messages()),
          work.deciding_seconds()};
}

Spent Working(const JobTime& time, std::uint32_t tasks) {
  return {static_cast<double>(tasks), static_cast<double>(time.work.messages()),
          time.workers_cpu_s};
}

}  // namespace

absl::StatusOr<simulation::Costs> MeasureCosts(const std::string& directory, bool quick,
                                               cluster::ChildSet* children) {
  const int repetitions = quick ? 1 : 3;
  simulation::Costs costs;
  JobTime many, one;
  {
    GM_ASSIGN_OR_RETURN(const auto cluster,
                        MeasuredCluster::Start(directory + "/one", 1, 1, children));
    GM_RETURN_IF_ERROR(cluster->Run(EmptyTasks(kManyTasks / 10, 0)).status());  // warms it up
    GM_ASSIGN_OR_RETURN(const double round_trip_s, RoundTripSeconds(*cluster));
    costs.latency_us = kMicro * round_trip_s / 2;
    GM_ASSIGN_OR_RETURN(many, MedianRun(*cluster, EmptyTasks(kManyTasks, 0), repetitions));
    GM_ASSIGN_OR_RETURN(one, MedianRun(*cluster, EmptyTasks(1, 0), 3 * repetitions));
  }
  GM_ASSIGN_OR_RETURN(const auto cluster,
                      MeasuredCluster::Start(directory + "/many", kWaitingWorkers, 1, children));
  GM_RETURN_IF_ERROR(cluster->Run(EmptyTasks(10 * kWaitingWorkers, 0)).status());
  GM_ASSIGN_OR_RETURN(const JobTime waiting,
                      MedianRun(*cluster, EmptyTasks(kWaitingTasks, kWaitMs), repetitions));
  std::tie(costs.event_us, costs.message_us) = Solve(Deciding(many.work), Deciding(waiting.work));
  std::tie(costs.task_us, costs.report_us) =
      Solve(Working(many, kManyTasks), Working(waiting, kWaitingTasks));
  costs.rpc_us =
      kMicro * std::max(waiting.reading_s(), 0.0) / static_cast<double>(waiting.work.messages());
  costs.sync_us =
      kMicro * waiting.work.journal_seconds() / static_cast<double>(waiting.work.batches());

  // A runner starts in what a job of one empty task takes, and nothing else explains.
  GM_ASSIGN_OR_RETURN(const simulation::Prediction rest,
                      simulation::Predict(1, 1, {.slots = 1, .task_time = 0, .costs = costs}, 1));
  costs.runner_start_us = std::max(kMicro * (one.seconds - rest.seconds), 0.0);
  return costs;
}

}  // namespace gristmill::bench
