#include "bench/report.h"

#include <gmock/gmock.h>

namespace gristmill::bench {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Report TwoCpus() {
  Report report;
  report.work = {.job = "primes", .size = 40'000'000, .tasks = 64};
  report.cpus = 2;
  report.plain_cpu_seconds = {1.99, 2.49, 1.5};
  report.measurements = {
      {SeriesKind::kPlain, 1, 1, {2.0, 2.5, 1.5}}, {SeriesKind::kThreads, 1, 1, {2.02}},
      {SeriesKind::kThreads, 1, 2, {1.1}},         {SeriesKind::kProcesses, 1, 1, {2.1}},
      {SeriesKind::kProcesses, 2, 1, {1.05}},
  };
  return report;
}

TEST(Measurement, TakesTheMedian) {
  EXPECT_EQ((Measurement{.seconds = {3, 1, 2}}.MedianSeconds()), 2);
  EXPECT_EQ((Measurement{.seconds = {4, 1, 2, 3}}.MedianSeconds()), 2.5);
}

TEST(RenderTable, ShowsTimeSpeedUpAndEfficiencyOverThePlainLoop) {
  EXPECT_EQ(
      RenderTable(TwoCpus()),
      "WHAT                               PROCESSES  THREADS EACH     TIME  SPEED-UP  EFFICIENCY\n"
      "plain loop, no framework                   1             1  2.000 s      1.00       100 %\n"
      "threads of one process                     1             1  2.020 s      0.99        99 %\n"
      "threads of one process                     1             2  1.100 s      1.82        91 %\n"
      "worker processes, one thread each          1             1  2.100 s      0.95        95 %\n"
      "worker processes, one thread each          2             1  1.050 s      1.90        95 "
      "%\n");
}

TEST(RenderVerdict, TellsOverheadSerialPartAndWhatMoreWouldBring) {
  EXPECT_EQ(RenderVerdict(TwoCpus()),
            "On one thread the framework takes 0.020 s or 1.0 % longer than the plain loop, "
            "on one worker process 0.100 s or 5.0 % longer. With 2 threads the speed-up is "
            "1.82; Amdahl's law, fitted to 2 points by least squares, puts the serial part "
            "at 8.9 %, so 4 would reach 3.2, and no number of them more than 11.2, each on "
            "a processor of its own. With 2 worker processes the speed-up is 1.90; Amdahl's "
            "law, fitted to 2 points by least squares, puts the serial part at 0.0 %, so "
            "nothing measured here limits more of them.");
}

TEST(RenderVerdict, WarnsOfABusyMachine) {
  Report report = TwoCpus();
  EXPECT_THAT(RenderVerdict(report), Not(HasSubstr("Careful")));
  report.plain_cpu_seconds = {1.0, 1.5, 0.5};
  EXPECT_THAT(RenderVerdict(report),
              testing::StartsWith("Careful: the plain loop got 50 % of a processor only;"));
}

TEST(RenderJson, HoldsEveryRepetitionAndTheSameMembersInTheSameOrder) {
  EXPECT_THAT(RenderJson(TwoCpus()),
              AllOf(testing::StartsWith("{\n \"work\": \""),
                    HasSubstr("\"job\": \"primes\",\n \"size\": 40000000,\n \"tasks\": 64,"),
                    HasSubstr("\"medianSeconds\": 2,\n   \"speedUp\": 1,\n"
                              "   \"efficiency\": 1,\n"
                              "   \"seconds\": [\n    2,\n    2.5,\n    1.5\n   ]")));
}

TEST(ChartOf, HasALineForEachSeriesButThePlainLoop) {
  const std::vector<ChartSeries> chart = ChartOf(TwoCpus());
  ASSERT_EQ(chart.size(), 2u);
  EXPECT_EQ(chart[0].name, "threads of one process");
  EXPECT_EQ(chart[0].points.size(), 2u);
}

TEST(RenderSpeedUpChart, DrawsEverySeriesAndEscapesNames) {
  const std::string svg =
      RenderSpeedUpChart("a < b", {{"x & y", {{1, 1}, {2, 1.9}}}, {"z", {{1, 1}}}});
  EXPECT_THAT(svg, AllOf(HasSubstr("a &lt; b"), HasSubstr("x &amp; y"), HasSubstr(">z<"),
                         testing::StartsWith("<svg"), testing::EndsWith("</svg>\n")));
}

}  // namespace
}  // namespace gristmill::bench
