#include "bench/prediction.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/status.h"
#include "base/units.h"
#include "bench/cluster_costs.h"
#include "bench/output_files.h"
#include "bench/prediction_checks.h"
#include "bench/prediction_report.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/signals.h"
#include "cli/temp_directory.h"
#include "simulation/prediction.h"

namespace gristmill::bench {
namespace {

constexpr DurationMs kTaskMsMax = 3'600'000;

// 1, 2, 5, 10, 20, 50, … and `max` itself: most of them divide a round number of tasks.
std::vector<std::uint32_t> WorkerCounts(std::uint32_t max) {
  std::vector<std::uint32_t> counts;
  for (std::uint32_t power = 1; power <= max; power *= 10) {
    for (const std::uint32_t factor : {1u, 2u, 5u}) {
      if (factor * power < max) counts.push_back(factor * power);
    }
  }
  counts.push_back(max);
  return counts;
}

absl::StatusOr<std::vector<DurationMs>> ParseTaskTimes(const std::vector<std::string>& texts) {
  std::vector<DurationMs> times;
  for (const std::string& text : texts) {
    GM_ASSIGN_OR_RETURN(const DurationMs ms, ParseDuration(text));
    if (ms < 1 || ms > kTaskMsMax) {
      return InvalidArgument("a task of {} can't be predicted; give 1ms to 1h", text);
    }
    times.push_back(ms);
  }
  return times;
}

// Costs and checks.
absl::Status Measure(const PredictionOptions& options, v1::PredictionReport* report) {
  GM_ASSIGN_OR_RETURN(const cli::TempDirectory directory, cli::TempDirectory::Make(""));
  cluster::ChildSet children;
  const cli::SignalWatcher signals([&](int, int) {
    children.KillAll();
    directory.Remove();
    _exit(cli::kInterrupted);
  });
  fmt::print(stderr, "measuring what the framework's work costs\n");
  GM_ASSIGN_OR_RETURN(const simulation::Costs costs,
                      MeasureCosts(directory.path() + "/costs", options.quick, &children));
  *report->mutable_costs() = Describe(costs);
  fmt::print(stderr, "running some jobs that were predicted\n");
  GM_ASSIGN_OR_RETURN(const auto checks,
                      CheckPredictions(directory.path(), costs, options.quick, &children));
  for (const v1::PredictionCheck& check : checks) *report->add_checks() = check;
  return absl::OkStatus();
}

absl::Status AddSeries(const PredictionOptions& options, DurationMs task_ms,
                       v1::PredictionReport* report) {
  v1::PredictionSeries& series = *report->add_series();
  series.set_task_seconds(static_cast<double>(task_ms) / 1'000);
  const simulation::Load load{.slots = options.slots,
                              .task_time = task_ms * simulation::kMillisecond,
                              .costs = CostsOf(report->costs())};
  for (const std::uint32_t workers : WorkerCounts(options.workers_max)) {
    GM_ASSIGN_OR_RETURN(const simulation::Prediction predicted,
                        simulation::Predict(workers, options.tasks, load, options.seed));
    v1::PredictionPoint& point = *series.add_points();
    point.set_workers(workers);
    point.set_seconds(predicted.seconds);
    point.set_speed_up(predicted.speed_up);
    point.set_efficiency(predicted.efficiency);
    point.set_coordinator_share(predicted.coordinator_share);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunPrediction(const PredictionOptions& options) {
  GM_ASSIGN_OR_RETURN(const std::vector<DurationMs> task_times, ParseTaskTimes(options.task_times));
  GM_RETURN_IF_ERROR(MakeOutputDirectory(options.output));
  v1::PredictionReport report;
  report.set_tasks(options.tasks);
  report.set_slots(options.slots);
  report.set_seed(options.seed);
  if (options.costs.empty()) {
    GM_RETURN_IF_ERROR(Measure(options, &report));
  } else {
    GM_ASSIGN_OR_RETURN(const simulation::Costs costs, ReadCosts(options.costs));
    *report.mutable_costs() = Describe(costs);
  }
  for (const DurationMs task_ms : task_times) {
    GM_RETURN_IF_ERROR(AddSeries(options, task_ms, &report));
  }
  const std::string json = cli::ToJson(report);
  fmt::print("{}", options.json ? json : RenderTables(report));
  GM_RETURN_IF_ERROR(WriteOutputFile(options.output + "/prediction.json", json));
  GM_RETURN_IF_ERROR(WriteOutputFile(options.output + "/prediction.svg", RenderChart(report)));
  fmt::print(stderr, "wrote {0}/prediction.json and {0}/prediction.svg\n", options.output);
  return absl::OkStatus();
}

}  // namespace gristmill::bench
