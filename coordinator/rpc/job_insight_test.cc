#include "coordinator/rpc/job_insight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill::coordinator {
namespace {

using testing::ElementsAre;
using testing::IsNull;
using testing::NotNull;

TEST(MedianSample, IsExactForFewValues) {
  MedianSample sample;
  EXPECT_EQ(sample.Median(), 0u);
  for (const std::uint64_t value : {9, 1, 5}) sample.Add(value);
  EXPECT_EQ(sample.Median(), 5u);
  sample.Add(7);
  EXPECT_EQ(sample.Median(), 5u) << "the lower one of two";
}

TEST(MedianSample, OfManyValuesIsNearlyRight) {
  MedianSample sample;
  for (std::uint64_t value = 0; value < 100'000; ++value) sample.Add(value);
  EXPECT_NEAR(static_cast<double>(sample.Median()), 50'000, 1'000);
  sample.Settle();
  EXPECT_NEAR(static_cast<double>(sample.Median()), 50'000, 1'000);
}

class JobInsightTest : public testing::Test {
 protected:
  JobInsightTest() { insight_.Fold(JobSubmittedRecord{JobId(7), {}}, Instant(1'000)); }

  void Succeed(std::uint64_t attempt, std::uint64_t run_ms, std::uint32_t task = 0) {
    v1::TaskReport report;
    report.set_attempt(attempt);
    report.set_run_us(run_ms * 1'000);
    insight_.OnSuccess({JobId(7), 1, task}, WorkerId(3), report, Instant(5'000));
  }
  void Say(std::uint64_t attempt, const std::string& status) {
    v1::AttemptProgress progress;
    progress.set_attempt(attempt);
    progress.set_status(status);
    insight_.OnProgress(progress, Instant(2'000));
  }

  JobInsight insight_;
};

TEST_F(JobInsightTest, KeepsTheSlowestAttemptsOfAStage) {
  for (std::uint64_t i = 1; i <= 100; ++i) Succeed(i, i * 37 % 101);
  const StageInsight& stage = insight_.Find(JobId(7))->stages.at(1);
  std::vector<std::uint64_t> times;
  for (const FinishedAttempt& attempt : stage.slowest) times.push_back(attempt.run_ms);
  EXPECT_THAT(times, ElementsAre(100, 99, 98, 97, 96));
  EXPECT_EQ(stage.finished, 100u);
  EXPECT_EQ(stage.run_times.Median(), 50u);
}

TEST_F(JobInsightTest, WhatARunningAttemptSaysGoesWithIt) {
  Say(17, "half way");
  ASSERT_THAT(insight_.Find(AttemptId(17)), NotNull());
  EXPECT_EQ(insight_.Find(AttemptId(17))->status, "half way");
  insight_.Fold(AttemptEndedRecord{.attempt = AttemptId(17), .message = ""}, Instant(3'000));
  EXPECT_THAT(insight_.Find(AttemptId(17)), IsNull());
}

TEST_F(JobInsightTest, ALongStatusIsShortened) {
  Say(17, std::string(1'000, 'x'));
  EXPECT_EQ(insight_.Find(AttemptId(17))->status,
            std::string(JobInsight::kStatusBytesMax, 'x') + "…");
}

TEST_F(JobInsightTest, WorkersThatGotAttemptsAreKnownAlsoAfterTheEnd) {
  for (const std::uint64_t worker : {5, 3, 5}) {
    insight_.Fold(AttemptAssignedRecord{AttemptId(1), {JobId(7), 0, 0}, WorkerId(worker)},
                  Instant(1'500));
  }
  insight_.Fold(JobStateRecord{JobId(7), JobState::kSucceeded, ""}, Instant(2'000));
  EXPECT_THAT(insight_.Find(JobId(7))->workers, ElementsAre(WorkerId(3), WorkerId(5)));
  insight_.Fold(JobForgottenRecord{JobId(7)}, Instant(2'000));
  EXPECT_THAT(insight_.Find(JobId(7)), IsNull());
}

TEST_F(JobInsightTest, FetchesAreAddedUpByPeer) {
  for (int i = 0; i < 2; ++i) {
    v1::TaskReport report;
    report.set_attempt(static_cast<std::uint64_t>(1 + i));
    v1::PeerFetch& peer = *report.add_peers();
    peer.set_address("slow:1");
    peer.set_bytes(10);
    peer.set_us(100);
    peer.set_others_bytes(1'000);
    peer.set_others_us(50);
    insight_.OnSuccess({JobId(7), 1, 0}, WorkerId(3), report, Instant(5'000));
  }
  const v1::PeerFetch& sum = insight_.Find(JobId(7))->peers.at("slow:1");
  EXPECT_EQ(sum.bytes(), 20u);
  EXPECT_EQ(sum.us(), 200u);
  EXPECT_EQ(sum.others_bytes(), 2'000u);
}

}  // namespace
}  // namespace gristmill::coordinator
