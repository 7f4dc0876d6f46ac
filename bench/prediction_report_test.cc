#include "bench/prediction_report.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>

#include "bench/svg_chart.h"
#include "cli/json.h"

namespace gristmill::bench {
namespace {

using testing::HasSubstr;

v1::PredictionReport Example() {
  v1::PredictionReport report;
  *report.mutable_costs() = Describe({.rpc_us = 100,
                                      .event_us = 7,
                                      .message_us = 60,
                                      .sync_us = 150,
                                      .task_us = 9,
                                      .report_us = 80,
                                      .runner_start_us = 20'000,
                                      .latency_us = 100});
  report.set_tasks(10'000);
  report.set_slots(1);
  v1::PredictionSeries& series = *report.add_series();
  series.set_task_seconds(0.1);
  v1::PredictionPoint& point = *series.add_points();
  point.set_workers(1'000);
  point.set_seconds(2);
  point.set_speed_up(500);
  point.set_efficiency(0.5);
  point.set_coordinator_share(0.996);
  v1::PredictionCheck& check = *report.add_checks();
  check.set_work("empty");
  check.set_workers(2);
  check.set_slots(1);
  check.set_tasks(50'000);
  check.set_predicted_seconds(0.5);
  for (const double seconds : {0.8, 0.88, 1.0}) check.add_measured_seconds(seconds);
  check.set_deviation(0.76);
  check.set_predicted_share(0.5);
  check.set_measured_share(0.6);
  return report;
}

TEST(PredictionTables, TellCostsChecksAndEachNumberOfWorkers) {
  const std::string tables = RenderTables(Example());
  EXPECT_THAT(tables, testing::ContainsRegex("for each message that brings events +60.0\n"));
  EXPECT_THAT(tables, testing::ContainsRegex("empty +2 +1 +50,000 +0.50 s +0.88 s +.76.0 % "
                                             "+50.0 % +60.0 %\n"));
  EXPECT_THAT(tables,
              HasSubstr("Predicted for 10,000 tasks on workers of 1 slot:\n"
                        "  TASK  WORKERS    TIME  SPEED-UP  EFFICIENCY  COORDINATOR BUSY\n"
                        "100 ms    1,000  2.00 s     500.0      50.0 %            99.6 %\n"));
}

TEST(PredictionTables, HaveNoChecksIfTheCostsWereGiven) {
  v1::PredictionReport report = Example();
  report.clear_checks();
  EXPECT_THAT(RenderTables(report), testing::Not(HasSubstr("REAL RUNS")));
}

TEST(PredictionCosts, AreReadFromAnEarlierPrediction) {
  const std::string path = testing::TempDir() + "/prediction.json";
  std::ofstream(path) << cli::ToJson(Example());
  const auto costs = ReadCosts(path);
  ASSERT_TRUE(costs.ok()) << costs.status();
  EXPECT_EQ(costs->message_us, 60);
  EXPECT_EQ(costs->runner_start_us, 20'000);
  EXPECT_EQ(Describe(*costs).SerializeAsString(), Example().costs().SerializeAsString());
  std::remove(path.c_str());
}

TEST(PredictionCosts, AreRefusedInASentenceIfTheyAreNone) {
  const std::string path = testing::TempDir() + "/no-prediction.json";
  std::ofstream(path) << "{\"tasks\": 5}";
  EXPECT_EQ(ReadCosts(path).status().message(),
            path + " is no prediction; name the prediction.json of an earlier run");
  std::ofstream(path) << "{\"costs\": {\"event\": -1}}";
  EXPECT_EQ(ReadCosts(path).status().message(),
            path + " has a cost of -1 µs; it must be from 0 to a minute");
  std::remove(path.c_str());
  EXPECT_EQ(ReadCosts(path).status().message(),
            "can't read " + path + "; name the prediction.json of an earlier run");
}

TEST(PredictionChart, ShowsSpeedUpAndTheCoordinatorsShare) {
  const std::string svg = RenderChart(Example());
  EXPECT_THAT(svg, testing::AllOf(HasSubstr(">speed-up<"), HasSubstr(">coordinator busy<"),
                                  HasSubstr(">tasks of 100 ms<"), HasSubstr(">perfect<"),
                                  testing::StartsWith("<svg"), testing::EndsWith("</svg>\n")));
}

}  // namespace
}  // namespace gristmill::bench
