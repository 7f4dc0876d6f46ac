#include "bench/prediction_checks.h"

#include <algorithm>
#include <chrono>

#include "base/status.h"
#include "bench/measured_cluster.h"
#include "bench/workload.h"
#include "simulation/prediction.h"

namespace gristmill::bench {
namespace {

using simulation::Costs;

constexpr std::uint32_t kComputingTasks = 200;  // of about 10 ms
constexpr double kComputingSeconds = 2;
constexpr std::uint64_t kSeed = 1;

struct Check {
  const char* work;
  std::uint32_t workers, slots, tasks;
  std::uint32_t wait_ms = 0;
  bool computes = false;
};

constexpr Check kChecks[] = {
    {.work = "empty", .workers = 1, .slots = 1, .tasks = 50'000},
    {.work = "empty", .workers = 2, .slots = 1, .tasks = 50'000},
    {.work = "primes", .workers = 1, .slots = 1, .tasks = kComputingTasks, .computes = true},
    {.work = "primes", .workers = 2, .slots = 1, .tasks = kComputingTasks, .computes = true},
    {.work = "waiting 100 ms", .workers = 8, .slots = 8, .tasks = 1'920, .wait_ms = 100},
    {.work = "waiting 10 ms", .workers = 8, .slots = 4, .tasks = 6'400, .wait_ms = 10},
};

class Checking {
 public:
  Checking(const Check& check, const std::string& directory, const Costs& costs)
      : check_(check), output_(directory + "/output"), costs_(costs) {
    described_.set_work(check.work);
    described_.set_workers(check.workers);
    described_.set_slots(check.slots);
    described_.set_tasks(check.tasks);
  }

  absl::StatusOr<v1::PredictionCheck> Run(MeasuredCluster& cluster, const Workload& primes,
                                          int repetitions) {
    std::vector<double> loops_s, measured_s, shares;
    const v1::JobRequest request =
        check_.computes ? RequestOf(primes, output_) : EmptyTasks(check_.tasks, check_.wait_ms);
    for (int i = 0; i < repetitions; ++i) {
      if (check_.computes) loops_s.push_back(SecondsOfPlainLoop(primes));
      GM_ASSIGN_OR_RETURN(const JobTime time, cluster.Run(request));
      described_.add_measured_seconds(time.seconds);
      measured_s.push_back(time.seconds);
      shares.push_back(std::max(time.deciding_s(), time.reading_s()) / time.seconds);
    }
    described_.set_measured_share(Median(shares));
    const double computing_s = check_.computes ? Median(loops_s) : 0;
    GM_RETURN_IF_ERROR(Predict(computing_s));
    described_.set_deviation(Median(measured_s) / described_.predicted_seconds() - 1);
    return described_;
  }

 private:
  absl::Status Predict(double computing_s) {
    const double task_us = 1e3 * check_.wait_ms + 1e6 * computing_s / check_.tasks;
    const simulation::Load load{.slots = check_.slots,
                                .task_time = static_cast<simulation::Microseconds>(task_us),
                                .costs = costs_};
    GM_ASSIGN_OR_RETURN(const simulation::Prediction prediction,
                        simulation::Predict(check_.workers, check_.tasks, load, kSeed));
    described_.set_predicted_seconds(prediction.seconds);
    described_.set_predicted_share(prediction.coordinator_share);
    return absl::OkStatus();
  }

  const Check check_;
  const std::string output_;
  const Costs costs_;
  v1::PredictionCheck described_;
};

}  // namespace

absl::StatusOr<std::vector<v1::PredictionCheck>> CheckPredictions(const std::string& directory,
                                                                  const Costs& costs, bool quick,
                                                                  cluster::ChildSet* children) {
  Workload primes = CalibrateWorkload("primes", kComputingSeconds);
  primes.tasks = kComputingTasks;
  std::vector<v1::PredictionCheck> checks;
  for (const Check& check : kChecks) {
    const std::string place = fmt::format("{}/check-{}", directory, checks.size());
    GM_ASSIGN_OR_RETURN(const auto cluster,
                        MeasuredCluster::Start(place, check.workers, check.slots, children));
    // It warms up the new processes.
    GM_RETURN_IF_ERROR(cluster->Run(EmptyTasks(100 * check.workers, 0)).status());
    GM_ASSIGN_OR_RETURN(v1::PredictionCheck done,
                        Checking(check, place, costs).Run(*cluster, primes, quick ? 1 : 3));
    checks.push_back(std::move(done));
  }
  return checks;
}

}  // namespace gristmill::bench
