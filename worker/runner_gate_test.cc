#include "worker/runner_gate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace gristmill::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RunnerGateTest : public testing::Test {
 protected:
  static v1::JobRequest Bringing(const std::string& name) {
    v1::JobRequest request;
    request.add_files()->set_name(name);
    return request;
  }
  void Start(std::uint64_t runner, std::uint64_t job) {
    gate_.Start({RunnerId(runner), JobId(job)});
  }
  // What was asked of the ports since the last call.
  std::vector<std::string> Done() { return std::exchange(done_, {}); }

  std::vector<std::string> done_;
  RunnerGate gate_{{
      .prepare =
          [this](JobId job, const v1::JobRequest& request) {
            done_.push_back(fmt::format("prepare {} {}", job.value(), request.files(0).name()));
          },
      .spawn =
          [this](const StartRunner& start, bool brings_files) {
            done_.push_back(
                fmt::format("spawn {}{}", start.runner.value(), brings_files ? " with files" : ""));
          },
      .refuse =
          [this](RunnerId runner, const std::string& why) {
            done_.push_back(fmt::format("refuse {}: {}", runner.value(), why));
          },
      .discard = [this](JobId job) { done_.push_back(fmt::format("discard {}", job.value())); },
  }};
};

TEST_F(RunnerGateTest, AJobThatBringsNothingIsNotHeldBack) {
  Start(1, 7);
  EXPECT_THAT(Done(), ElementsAre("spawn 1"));
}

TEST_F(RunnerGateTest, FilesArePreparedOnceForAllRunnersOfAJob) {
  gate_.Learn(JobId(7), Bringing("a"));
  Start(1, 7);
  Start(2, 7);
  EXPECT_THAT(Done(), ElementsAre("prepare 7 a"));
  gate_.OnPrepared(JobId(7), absl::OkStatus());
  EXPECT_THAT(Done(), ElementsAre("spawn 1 with files", "spawn 2 with files"));
  Start(3, 7);
  EXPECT_THAT(Done(), ElementsAre("spawn 3 with files"));
}

TEST_F(RunnerGateTest, WhatCantBePreparedIsSaidAndTriedAgainForTheNextRunner) {
  gate_.Learn(JobId(7), Bringing("a"));
  Start(1, 7);
  gate_.OnPrepared(JobId(7), Unavailable("nobody answers"));
  EXPECT_THAT(Done(), ElementsAre("prepare 7 a", "refuse 1: nobody answers"));
  Start(2, 7);
  EXPECT_THAT(Done(), ElementsAre("prepare 7 a"));
}

TEST_F(RunnerGateTest, ARunnerThatWaitsCanBeStopped) {
  gate_.Learn(JobId(7), Bringing("a"));
  Start(1, 7);
  Done();
  EXPECT_TRUE(gate_.Stop(RunnerId(1)));
  EXPECT_FALSE(gate_.Stop(RunnerId(1)));
  EXPECT_THAT(Done(), ElementsAre("refuse 1: it was stopped"));
  gate_.OnPrepared(JobId(7), absl::OkStatus());
  EXPECT_THAT(Done(), IsEmpty());
}

TEST_F(RunnerGateTest, WhatIsPreparedForAJobThatEndedIsDiscarded) {
  gate_.Learn(JobId(7), Bringing("a"));
  Start(1, 7);
  gate_.Stop(RunnerId(1));
  gate_.Forget(JobId(7));
  Done();
  gate_.OnPrepared(JobId(7), absl::OkStatus());
  EXPECT_THAT(Done(), ElementsAre("discard 7"));
}

TEST_F(RunnerGateTest, AJobThatComesAgainMeanwhileGetsItsOwnFiles) {
  gate_.Learn(JobId(7), Bringing("old"));
  Start(1, 7);
  gate_.Stop(RunnerId(1));
  gate_.ForgetAll();
  gate_.Learn(JobId(7), Bringing("new"));
  Start(2, 7);
  Done();
  gate_.OnPrepared(JobId(7), absl::OkStatus());
  EXPECT_THAT(Done(), ElementsAre("discard 7", "prepare 7 new"));
  gate_.OnPrepared(JobId(7), absl::OkStatus());
  EXPECT_THAT(Done(), ElementsAre("spawn 2 with files"));
}

}  // namespace
}  // namespace gristmill::worker
