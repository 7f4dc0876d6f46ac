#include "bench/prediction_report.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/units.h"
#include "bench/measured_cluster.h"
#include "bench/svg_chart.h"
#include "cli/table.h"
#include "google/protobuf/util/json_util.h"

namespace gristmill::bench {
namespace {

// "10 ms", "1 s".
std::string Time(double seconds) {
  return seconds < 1 ? fmt::format("{:g} ms", 1'000 * seconds) : fmt::format("{:g} s", seconds);
}

std::string Percent(double part) { return fmt::format("{:.1f} %", 100 * part); }

std::string Seconds(double seconds) { return fmt::format("{:.2f} s", seconds); }

std::string RenderCosts(const v1::PredictionCosts& costs) {
  cli::Table table({"COST", ">MICROSECONDS"});
  for (const auto& [what, us] : std::initializer_list<std::pair<const char*, double>>{
           {"of the coordinator's reading and writing, for each message of a worker", costs.rpc()},
           {"of its deciding, for each event", costs.event()},
           {"for each message that brings events", costs.message()},
           {"for each batch in the journal", costs.sync()},
           {"of a worker, for each task", costs.task()},
           {"for each message of reports", costs.report()},
           {"until a runner takes tasks", costs.runner_start()},
           {"of a message on its way", costs.latency()}}) {
    table.AddRow({what, fmt::format("{:.1f}", us)});
  }
  return table.Render();
}

std::string RenderChecks(const v1::PredictionReport& report) {
  cli::Table table({"REAL RUNS HERE", ">WORKERS", ">SLOTS EACH", ">TASKS", ">PREDICTED",
                    ">MEASURED", ">DEVIATION", ">COORDINATOR BUSY", ">MEASURED"});
  for (const v1::PredictionCheck& check : report.checks()) {
    const auto& measured = check.measured_seconds();
    table.AddRow({check.work(), std::to_string(check.workers()), std::to_string(check.slots()),
                  GroupDigits(check.tasks()), Seconds(check.predicted_seconds()),
                  Seconds(Median({measured.begin(), measured.end()})),
                  fmt::format("{:+.1f} %", 100 * check.deviation()),
                  Percent(check.predicted_share()), Percent(check.measured_share())});
  }
  return table.Render();
}

std::string RenderSeries(const v1::PredictionReport& report) {
  cli::Table table({">TASK", ">WORKERS", ">TIME", ">SPEED-UP", ">EFFICIENCY", ">COORDINATOR BUSY"});
  for (const v1::PredictionSeries& series : report.series()) {
    for (const v1::PredictionPoint& point : series.points()) {
      table.AddRow({Time(series.task_seconds()), GroupDigits(point.workers()),
                    Seconds(point.seconds()), fmt::format("{:.1f}", point.speed_up()),
                    Percent(point.efficiency()), Percent(point.coordinator_share())});
    }
  }
  return table.Render();
}

std::string DescribeJob(const v1::PredictionReport& report) {
  return fmt::format("{} tasks on workers of {}", GroupDigits(report.tasks()),
                     CountOf(report.slots(), "slot"));
}

}  // namespace

v1::PredictionCosts Describe(const simulation::Costs& costs) {
  v1::PredictionCosts described;
  described.set_rpc(costs.rpc_us);
  described.set_event(costs.event_us);
  described.set_message(costs.message_us);
  described.set_sync(costs.sync_us);
  described.set_task(costs.task_us);
  described.set_report(costs.report_us);
  described.set_runner_start(costs.runner_start_us);
  described.set_latency(costs.latency_us);
  return described;
}

simulation::Costs CostsOf(const v1::PredictionCosts& described) {
  return {.rpc_us = described.rpc(),
          .event_us = described.event(),
          .message_us = described.message(),
          .sync_us = described.sync(),
          .task_us = described.task(),
          .report_us = described.report(),
          .runner_start_us = described.runner_start(),
          .latency_us = described.latency()};
}

absl::StatusOr<simulation::Costs> ReadCosts(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return NotFound("can't read {}; name the prediction.json of an earlier run", path);
  v1::PredictionReport report;
  if (!google::protobuf::util::JsonStringToMessage(text, &report).ok() || !report.has_costs()) {
    return InvalidArgument("{} is no prediction; name the prediction.json of an earlier run", path);
  }
  const v1::PredictionCosts& costs = report.costs();
  for (const double cost : {costs.rpc(), costs.event(), costs.message(), costs.sync(), costs.task(),
                            costs.report(), costs.runner_start(), costs.latency()}) {
    if (cost >= 0 && cost <= 60e6) continue;
    return InvalidArgument("{} has a cost of {} µs; it must be from 0 to a minute", path, cost);
  }
  return CostsOf(costs);
}

std::string RenderTables(const v1::PredictionReport& report) {
  std::string text = RenderCosts(report.costs());
  if (report.checks_size() > 0) text += "\n" + RenderChecks(report);
  return text + "\nPredicted for " + DescribeJob(report) + ":\n" + RenderSeries(report);
}

std::string RenderChart(const v1::PredictionReport& report) {
  std::vector<ChartSeries> speed_ups, shares;
  for (const v1::PredictionSeries& series : report.series()) {
    ChartSeries& speed_up = speed_ups.emplace_back();
    ChartSeries& share = shares.emplace_back();
    speed_up.name = share.name = "tasks of " + Time(series.task_seconds());
    for (const v1::PredictionPoint& point : series.points()) {
      speed_up.points.emplace_back(point.workers() * report.slots(), point.speed_up());
      share.points.emplace_back(point.workers() * report.slots(), 100 * point.coordinator_share());
    }
  }
  return RenderPredictionChart("Predicted: " + DescribeJob(report),
                               report.slots() == 1 ? "workers" : "slots of all workers",
                               "coordinator busy", speed_ups, shares);
}

}  // namespace gristmill::bench
