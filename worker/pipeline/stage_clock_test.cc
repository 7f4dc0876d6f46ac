#include "worker/pipeline/stage_clock.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace gristmill::worker {
namespace {

// Until the clock that the test's subject reads has gone on.
void Spend(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

TEST(StageClock, TimeCountsForTheInnermostStageOnly) {
  StageClock clock;
  {
    const InStage mapping(clock, PipelineStage::kMap);
    Spend(std::chrono::milliseconds(2));
    {
      const InStage reading(clock, PipelineStage::kRead);
      Spend(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(clock.Enter(PipelineStage::kMap), PipelineStage::kMap);
  }
  EXPECT_EQ(clock.Enter(PipelineStage::kFramework), PipelineStage::kFramework);
  const std::uint64_t map_us = clock.TakeMicroseconds(PipelineStage::kMap);
  EXPECT_GE(map_us, 2'000u);
  EXPECT_GE(clock.TakeMicroseconds(PipelineStage::kRead), 20'000u);
  EXPECT_EQ(clock.TakeMicroseconds(PipelineStage::kSort), 0u);
  EXPECT_EQ(clock.TakeMicroseconds(PipelineStage::kMap), 0u) << "it was taken";
}

TEST(StageClock, WhatIsTooLittleToReportIsLeftToLaterAttemptsOfTheThread) {
  std::thread fresh_thread([] {  // nothing was left to it
    std::uint64_t reported_us = 0;
    int attempts = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (; reported_us == 0; ++attempts) {
      StageClock clock;
      const InStage fetching(clock, PipelineStage::kFetch);
      Spend(std::chrono::microseconds(5));
      clock.Enter(PipelineStage::kFramework);
      reported_us = clock.TakeMicroseconds(PipelineStage::kFetch);
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(reported_us, 100u);
    EXPECT_LE(std::chrono::microseconds(reported_us), took);
    EXPECT_LE(attempts, 20);
  });
  fresh_thread.join();
}

// A sink whose calls take their time.
class RunsThatTake final : public RunSink {
 public:
  void BeginRun() override { Spend(std::chrono::milliseconds(3)); }
  void Append(std::uint32_t, std::string_view, std::uint64_t) override {
    Spend(std::chrono::milliseconds(5));
  }
  void EndRun() override {}
};

TEST(StageClock, ARunIsSortingButForItsBlocks) {
  StageClock clock;
  RunsThatTake inner;
  TimedRuns runs(inner, clock);
  clock.Enter(PipelineStage::kMap);
  runs.BeginRun();
  runs.Append(0, "block", 1);
  runs.EndRun();
  EXPECT_EQ(clock.Enter(PipelineStage::kFramework), PipelineStage::kMap);
  EXPECT_GE(clock.TakeMicroseconds(PipelineStage::kSort), 3'000u);
  EXPECT_GE(clock.TakeMicroseconds(PipelineStage::kSpill), 5'000u);
}

TEST(StageClock, EveryStageHasACounterOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kPipelineStages; ++i) {
    names.insert(CounterNameOf(static_cast<PipelineStage>(i)));
  }
  EXPECT_EQ(names.size(), kPipelineStages);
}

}  // namespace
}  // namespace gristmill::worker
