#include "cli/progress.h"

#include <gmock/gmock.h>

namespace gristmill::cli {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::ResultOf;

void AddStage(v1::JobStatus* status, v1::StageKind kind, std::uint32_t total,
              std::uint32_t succeeded, std::uint32_t running) {
  v1::StageStatus& stage = *status->add_stages();
  stage.set_kind(kind);
  stage.set_tasks_total(total);
  stage.set_tasks_succeeded(succeeded);
  stage.set_tasks_running(running);
}

// A word count of 1,200 map tasks of which `maps_done` are done.
v1::JobStatus WordCount(std::uint32_t maps_done) {
  v1::JobStatus status;
  status.set_id(7);
  status.set_name("wordcount");
  status.set_state(v1::JOB_STATE_RUNNING);
  status.set_workers(2);
  status.set_slots(4);
  status.set_output("/data/counts");
  AddStage(&status, v1::STAGE_KIND_MAP, 1'200, maps_done, 4);
  AddStage(&status, v1::STAGE_KIND_REDUCE, 4, 0, 0);
  return status;
}

RateMeter TenPerSecond() {
  RateMeter rates;
  rates.Observe(WordCount(100), {1'000});
  rates.Observe(WordCount(300), {21'000});
  rates.Observe(WordCount(400), {31'000});
  return rates;
}

// A chain of 60 rounds, of which so many are done and one is half done.
v1::JobStatus Chain(int done) {
  v1::JobStatus status;
  status.set_name("pagerank");
  status.set_state(v1::JOB_STATE_RUNNING);
  for (int i = 0; i < 60; ++i) {
    AddStage(&status, v1::STAGE_KIND_REDUCE, 4,
             i < done    ? 4
             : i == done ? 2
                         : 0,
             i == done ? 1 : 0);
    status.mutable_stages(i)->set_name("rank." + std::to_string(i + 1));
  }
  return status;
}

TEST(Progress, OfManyStagesShowsThoseUnderWay) {
  EXPECT_EQ(RenderProgressLine(Chain(11), RateMeter()),
            "pagerank: running; 11 of 60 stages done; rank.12 2/4 (1 running)");
  const std::vector<std::string> lines = RenderBars(Chain(11), RateMeter(), 1'000, 100);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], "11 of 60 stages done");
  EXPECT_EQ(lines[2].find("rank.12 "), 0u) << lines[2];
  v1::JobStatus resting = Chain(11);
  resting.mutable_stages(11)->set_tasks_running(0);
  resting.mutable_stages(11)->set_tasks_succeeded(0);
  EXPECT_EQ(RenderProgressLine(resting, RateMeter()),
            "pagerank: running; 11 of 60 stages done; rank.12 0/4");
}

TEST(RateMeter, KnowsNothingAtFirst) {
  RateMeter rates;
  EXPECT_EQ(rates.tasks_per_second(0), 0);
  rates.Observe(WordCount(100), {1'000});
  EXPECT_EQ(rates.tasks_per_second(0), 0);
}

TEST(RateMeter, TellsTasksPerSecondOfTheLastFifteenSeconds) {
  RateMeter rates;
  rates.Observe(WordCount(0), {0});
  rates.Observe(WordCount(0), {10'000});  // nothing for ten seconds
  rates.Observe(WordCount(20), {12'000});
  EXPECT_DOUBLE_EQ(rates.tasks_per_second(0), 20 / 12.0);
  rates.Observe(WordCount(110), {22'000});  // the first sample is now too old
  EXPECT_DOUBLE_EQ(rates.tasks_per_second(0), 110 / 12.0);
}

TEST(RateMeter, DoesNotCountTheTimeBeforeAStageBegan) {
  v1::JobStatus status = WordCount(1'200);
  RateMeter rates;
  rates.Observe(status, {0});
  status.mutable_stages(1)->set_tasks_running(4);
  rates.Observe(status, {10'000});
  status.mutable_stages(1)->set_tasks_succeeded(2);
  rates.Observe(status, {12'000});
  EXPECT_DOUBLE_EQ(rates.tasks_per_second(1), 1.0);
}

TEST(RateMeter, IsZeroRatherThanNegativeAfterOutputsWereLost) {
  RateMeter rates;
  rates.Observe(WordCount(100), {0});
  rates.Observe(WordCount(50), {1'000});
  EXPECT_EQ(rates.tasks_per_second(0), 0);
}

TEST(RenderRate, TellsTheTimeLeft) {
  EXPECT_EQ(RenderRate(WordCount(400).stages(0), 10), "10.0 tasks/s, ETA 1 min 20 s");
  EXPECT_EQ(RenderRate(WordCount(400).stages(0), 0), "");
  EXPECT_EQ(RenderRate(WordCount(1'200).stages(0), 10), "");
}

TEST(RenderBars, DrawsABarForEachStage) {
  EXPECT_THAT(RenderBars(WordCount(400), TenPerSecond(), 12'345, 90),
              ElementsAre("job-7 wordcount: running, 12.3 s, 2 workers with 4 slots",
                          "map     [=========>                   ] 400/1,200  4 running, 10.0 "
                          "tasks/s, ETA 1 min 20 s",
                          "reduce  [                             ]       0/4"));
}

TEST(RenderBars, LeavesTheBarsOutOnANarrowTerminal) {
  EXPECT_THAT(RenderBars(WordCount(400), RateMeter(), 12'345, 32),
              ElementsAre("job-7 wordcount: running, 12.3 s", "map     400/1,200  4 running",
                          "reduce        0/4"));
}

TEST(RenderBars, KeepsTheTimeLeftAndTheTroubleOnANarrowTerminal) {
  EXPECT_EQ(RenderBars(WordCount(400), TenPerSecond(), 12'345, 48)[1],
            "map     400/1,200  4 running, ETA 1 min 20 s");
  EXPECT_EQ(RenderBars(WordCount(400), TenPerSecond(), 12'345, 40)[1],
            "map     400/1,200  ETA 1 min 20 s");
  v1::JobStatus status = WordCount(400);
  status.mutable_stages(0)->set_attempts_failed(2);
  EXPECT_EQ(RenderBars(status, TenPerSecond(), 12'345, 44)[1],
            "map     400/1,200  ETA 1 min 20 s, 2 failed");
}

TEST(RenderBars, TellsWhyTheJobWaits) {
  v1::JobStatus status = WordCount(1'200);
  status.set_message("can't rename 'a' to 'b'; trying again");
  EXPECT_EQ(RenderBars(status, RateMeter(), 5, 90).back(), status.message());
  EXPECT_THAT(RenderProgressLine(status, RateMeter()), testing::EndsWith(status.message()));
}

TEST(CountRows, CountsLinesAsANarrowerTerminalWrapsThem) {
  EXPECT_EQ(CountRows({}, 80), 0u);
  EXPECT_EQ(CountRows({79, 0, 10}, 80), 3u);
  EXPECT_EQ(CountRows({79, 0, 10}, 40), 4u);
  EXPECT_EQ(CountRows({80, 81}, 40), 5u);
}

TEST(RenderBars, NeverExceedsTheWidth) {
  for (std::size_t width = 1; width < 200; ++width) {
    EXPECT_THAT(RenderBars(WordCount(400), TenPerSecond(), 12'345, width),
                Each(ResultOf([](const std::string& s) { return s.size(); }, testing::Le(width))));
  }
}

TEST(RenderBars, FillsTheBarOfAStageWithoutTasks) {
  v1::JobStatus status;
  status.set_name("empty");
  status.set_state(v1::JOB_STATE_SUCCEEDED);
  AddStage(&status, v1::STAGE_KIND_MAP, 0, 0, 0);
  EXPECT_THAT(RenderBars(status, RateMeter(), 5, 30),
              ElementsAre("empty: succeeded, 5 ms", "map     [==============] 0/0"));
}

TEST(RenderProgressLine, SaysTheSameInOneLine) {
  v1::JobStatus status = WordCount(400);
  status.mutable_stages(0)->set_attempts_failed(2);
  status.mutable_stages(0)->set_outputs_lost(1);
  EXPECT_EQ(RenderProgressLine(status, TenPerSecond()),
            "job-7 wordcount: running; map 400/1,200 (4 running, 10.0 tasks/s, ETA 1 min 20 s, "
            "2 failed, 1 lost); reduce 0/4");
}

std::vector<v1::Counter> SomeCounters() {
  std::vector<v1::Counter> counters(4);
  counters[0].set_name("input_bytes");
  counters[0].set_value(64 << 20);
  counters[1].set_name("input_records");
  counters[1].set_value(1'234'567);
  counters[2].set_name("output_bytes");
  counters[2].set_value(2'048);
  counters[3].set_name("output_records");
  counters[3].set_value(1);
  return counters;
}

TEST(RenderSummary, GivesSecondsRecordsBytesAndPlace) {
  v1::JobStatus status = WordCount(1'200);
  status.set_state(v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(RenderSummary(status, SomeCounters(), 2'000),
            "job-7 wordcount succeeded after 2.0 s; read 1,234,567 records, 64 MiB at 32.0 MiB/s; "
            "wrote 1 record, 2.0 KiB to /data/counts");
}

TEST(RenderSummary, TellsOfRecordsThatWereSkipped) {
  v1::JobStatus status = WordCount(1'200);
  status.set_state(v1::JOB_STATE_SUCCEEDED);
  status.set_records_skipped(2);
  EXPECT_EQ(RenderSummary(status, {}, 2'000),
            "job-7 wordcount succeeded after 2.0 s to /data/counts; skipped 2 bad records, see "
            "/data/counts/_bad");
}

TEST(RenderSummary, GivesTheReasonOfAFailure) {
  v1::JobStatus status = WordCount(3);
  status.set_state(v1::JOB_STATE_FAILED);
  status.set_message("map task 3 failed 4 times: boom");
  EXPECT_EQ(RenderSummary(status, SomeCounters(), 2'000),
            "job-7 wordcount failed after 2.0 s: map task 3 failed 4 times: boom");
}

TEST(RenderSummary, SaysWhatCanBeDoneAboutASuspendedJob) {
  v1::JobStatus status = WordCount(3);
  status.set_state(v1::JOB_STATE_SUSPENDED);
  status.set_message("a user suspended it");
  status.set_kept_ms(3'600'000);
  EXPECT_EQ(RenderSummary(status, {}, 2'000),
            "job-7 wordcount is suspended: a user suspended it; 'gristmill submit --resume 7 "
            "--wait' goes on with it, 'gristmill cancel 7' gives it up; it is kept for 1 h 00 min");
  status.mutable_stages(0)->set_attempts_failed(4);
  EXPECT_THAT(RenderSummary(status, {}, 2'000),
              testing::HasSubstr("; mend the cause, then 'gristmill submit --resume 7"));
}

}  // namespace
}  // namespace gristmill::cli
