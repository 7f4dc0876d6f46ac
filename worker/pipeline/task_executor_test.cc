#include "worker/pipeline/task_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <new>
#include <stdexcept>

#include "worker/pipeline/task_error.h"
#include "worker/pipeline/task_fixture.h"

namespace gristmill::worker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

using TaskExecutor = TaskFixture;

TEST_F(TaskExecutor, MapsAndReducesToTheOutputOfASequentialRun) {
  RunMaps();
  ASSERT_EQ(Run(1, 0, 200).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  ASSERT_EQ(Run(1, 1, 201).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(OutputOf(0, 200), "fig\t3\npear\t1\nzebra\t1\n");
  EXPECT_EQ(OutputOf(1, 201), "apple\t2\n");
  ASSERT_TRUE(output_->Commit({AttemptId(200), AttemptId(201)}).ok());
  EXPECT_EQ(ReadFile(dir_.path("out/part-00001-of-00002")), "apple\t2\n");
  EXPECT_THAT(dir_.Files(), Not(Contains(HasSubstr("scratch"))));
}

TEST_F(TaskExecutor, CountsBytesBesideTheJobsOwnCounters) {
  RunMaps();
  EXPECT_EQ(control_.records, 7u);
  const auto map = Counters(Run(0, 0, 300));
  EXPECT_THAT(map, Contains(Pair("lines", 2u)));
  EXPECT_THAT(map, Contains(Pair("input_bytes", 11u)));
  EXPECT_THAT(map, Contains(Pair("spilled_runs", 1u)));
  const auto reduce = Counters(Run(1, 0, 301));
  EXPECT_THAT(reduce, Contains(Pair("output_bytes", 21u)));
  EXPECT_GT(reduce.at("shuffle_bytes"), 0u);
}

TEST_F(TaskExecutor, CountsWhereItsTimeWent) {
  on_line = [](std::string_view) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
    while (std::chrono::steady_clock::now() < end) {
    }
  };
  const auto map = Counters(Run(0, 0, 300));
  on_line = nullptr;
  EXPECT_GE(map.at("time_map_us"), 6'000u);  // two lines
}

TEST_F(TaskExecutor, AReduceThatHardlyHasMemoryGivesTheSameBytes) {
  RunMaps();
  job_.task_memory_bytes = 100;  // less than a block: every pass merges pairs of runs
  const v1::TaskReport report = Run(1, 0, 200);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_EQ(OutputOf(0, 200), "fig\t3\npear\t1\nzebra\t1\n");
  EXPECT_GT(Counters(report).at("spilled_runs"), 0u);
}

TEST_F(TaskExecutor, MapOnlyTasksWriteTheirSplitsOutput) {
  job_.plan.mutable_stages()->RemoveLast();
  job_.plan.set_output_files(2);
  job_.plan.mutable_request()->set_split_bytes(1000);
  ASSERT_EQ(Run(0, 1, 9).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(OutputOf(1, 9), "fig!\nzebra!\nfig!\n");
}

TEST_F(TaskExecutor, AJobWithoutOutputCountsItsBytes) {
  job_.plan.mutable_stages()->RemoveLast();
  job_.plan.clear_staging_directory();
  const v1::TaskReport report = Run(0, 0, 9);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_THAT(Counters(report), Contains(Pair("output_bytes", 13u)));
}

TEST_F(TaskExecutor, AReduceThatAShuffleFollowsWritesRunsAndGivesItsResult) {
  for (const auto kind : {v1::EDGE_KIND_SHUFFLE, v1::EDGE_KIND_BROADCAST}) {
    if (kind == v1::EDGE_KIND_SHUFFLE) {
      v1::StagePlan* const last = job_.plan.add_stages();
      last->set_kind(v1::STAGE_KIND_REDUCE);
      last->set_task_count(3);
    }
    v1::StageEdge* const edge = job_.plan.mutable_stages(2)->add_inputs();
    edge->set_from_stage(1);
    edge->set_kind(kind);
  }
  RunMaps();
  const v1::TaskReport report = Run(1, 0, 200);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_EQ(report.result(), "5");
  EXPECT_THAT(Counters(report), Contains(Pair("spilled_runs", 5u)));
  EXPECT_THAT(dir_.Files(), Contains("spill/job-7/stage-1-task-0-attempt-200.runs"));
}

TEST_F(TaskExecutor, AResultThatIsTooLargeAndPairsThatNobodyReadsAreSentences) {
  v1::StagePlan* const last = job_.plan.add_stages();
  last->set_kind(v1::STAGE_KIND_MAP);
  last->set_task_count(2);
  v1::StageEdge* const edge = last->add_inputs();
  edge->set_from_stage(1);
  edge->set_kind(v1::EDGE_KIND_BROADCAST);
  RunMaps();
  EXPECT_EQ(Run(1, 0, 200).message(), "the task emits pairs, but no stage of the job reads them");
  result_tail.assign(70'000, 'x');
  EXPECT_EQ(Run(1, 1, 201).message(),
            "the task's result, which all tasks of a later stage get, takes 68 KiB, and 64 KiB is "
            "the most with so many tasks and stages; let it hold less, or use fewer partitions or "
            "rounds");
}

TEST_F(TaskExecutor, SampleTasksReturnKeys) {
  job_.plan.mutable_stages(0)->set_kind(v1::STAGE_KIND_SAMPLE);
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.result(), "pear");
}

TEST_F(TaskExecutor, TheJobsExceptionIsTheMessageAndNoFileStays) {
  on_line = [](std::string_view) { throw std::runtime_error("no fruit \xff today"); };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_EQ(report.message(), "no fruit ? today");
  EXPECT_THAT(report.counters(), IsEmpty());
  EXPECT_THAT(dir_.Files(), ElementsAre("in/a", "in/b", "out/_temporary/_LOCK"));
}

TEST_F(TaskExecutor, AnExceptionNamesTheRecordAndStaysReadableWhateverItsLength) {
  on_line = [this](std::string_view line) {
    control_.mark->EnterBlock(line, 7);
    control_.mark->At(line);
    control_.mark->Capture();
    throw std::runtime_error(std::string(5000, 'x'));
  };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.message(),
            std::string(3069, 'x') + "...; record at " + dir_.path("in/a") + " offset 7 \"pear\"");
}

TEST_F(TaskExecutor, AnExceptionNamesItsRecordUnlessSomethingElseIsToBlame) {
  const auto throw_at_7 = [this](const std::function<void()>& thrower) {
    on_line = [this, thrower](std::string_view line) {
      control_.mark->EnterBlock(line, 7);
      control_.mark->At(line);
      thrower();
    };
    return Run(0, 0, 9);
  };
  EXPECT_EQ(throw_at_7([] { throw std::runtime_error("no"); }).bad_record(), 7u);
  EXPECT_EQ(throw_at_7([] { throw 42; }).bad_record(), 7u);
  EXPECT_FALSE(throw_at_7([] { throw std::bad_alloc(); }).has_bad_record());
  EXPECT_FALSE(throw_at_7([] { throw EnvironmentError("full"); }).has_bad_record());
  EXPECT_FALSE(throw_at_7([this] {
                 control_.cancelled = true;
                 throw std::runtime_error("no");
               }).has_bad_record());
}

TEST_F(TaskExecutor, NoRecordIsToBlameForADiskThatIsFull) {
  on_line = [this](std::string_view line) {
    control_.mark->EnterBlock(line, 7);
    control_.mark->At(line);
    throw EnvironmentError("the disk is full");
  };
  EXPECT_EQ(Run(0, 0, 9).message(), "the disk is full");
}

TEST_F(TaskExecutor, AnExceptionOfAnyOtherTypeIsCaughtToo) {
  on_line = [](std::string_view) { throw 42; };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("unknown type"));
}

TEST_F(TaskExecutor, ACancelledAttemptIsHandedBackWhateverItsErrorIs) {
  on_line = [this](std::string_view) {
    control_.cancelled = true;
    throw std::runtime_error("the files went away");
  };
  EXPECT_EQ(Run(0, 0, 9).outcome(), v1::TASK_OUTCOME_HANDED_BACK);
  on_line = nullptr;
  EXPECT_EQ(Run(0, 0, 10).outcome(), v1::TASK_OUTCOME_HANDED_BACK);
  EXPECT_THAT(dir_.Files(), ElementsAre("in/a", "in/b", "out/_temporary/_LOCK"));
}

TEST_F(TaskExecutor, ACancellationThatNobodyAskedForIsAFailure) {
  on_line = [](std::string_view) { throw TaskCancelled(); };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("threw TaskCancelled but nobody cancelled"));
}

TEST_F(TaskExecutor, TooManyCountersFailTheAttemptAndNoFileStays) {
  for (int i = 1; i < 10'000; ++i) more_counters.push_back({std::to_string(i), 1});
  EXPECT_EQ(Run(0, 0, 9).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  std::filesystem::remove_all(dir_.path("spill"));
  more_counters.push_back({"straw", 1});
  const v1::TaskReport report = Run(0, 0, 10);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_EQ(report.message(), "the job made more than 10000 counters; count fewer names");
  EXPECT_THAT(dir_.Files(), ElementsAre("in/a", "in/b", "out/_temporary/_LOCK"));
}

TEST_F(TaskExecutor, ACounterWithALongNameFailsTheAttempt) {
  more_counters = {{std::string(256, 'x'), 1}};
  EXPECT_EQ(Run(0, 0, 9).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  more_counters = {{std::string(257, 'x'), 1}};
  const v1::TaskReport report = Run(0, 0, 10);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("more than 256 bytes; shorten it"));
}

TEST_F(TaskExecutor, AChangedInputFileFailsTheTaskWithItsName) {
  dir_.Write("in/a", "other");
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr(dir_.path("in/a") + "' changed since"));
}

TEST_F(TaskExecutor, AJobThatTheBinaryDoesNotHaveIsASentence) {
  job_.plan.mutable_request()->set_job("nope");
  EXPECT_THAT(Run(0, 0, 9).message(), HasSubstr("no job 'nope'"));
}

}  // namespace
}  // namespace gristmill::worker
