#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/core/worker_core_fixture.h"

namespace gristmill::worker {
namespace {

constexpr DurationMs kTimeoutMs = 10'000;
constexpr char kTooLong[] =
    "\"it ran longer than --task-timeout 10.0 s; if it has no endless loop, allow more time or "
    "give "
    "it less to do by --split-size, --splits or --partitions\"";

class TaskTimeoutTest : public WorkerCoreTest {
 protected:
  // The runner says how long an attempt has had a thread.
  std::string Progress(std::uint64_t attempt, DurationMs run_ms) {
    return Do(RunnerProgressed{RunnerId(1), {{AttemptId(attempt), 5, run_ms}}});
  }
};

TEST_F(TaskTimeoutTest, AnAttemptWhoseTimeIsUpIsAskedToStopAndFails) {
  RunningJob({20, 21}, kTimeoutMs);
  EXPECT_EQ(Progress(20, 400), "");
  EXPECT_EQ(WaitExactly(9'600), "cancel-on 1: 20");
  EXPECT_EQ(Progress(20, 10'100), "") << "it is asked once";
  EXPECT_EQ(Finish(1, 20, Outcome::kHandedBack), std::string("report 20 failed ") + kTooLong);
  EXPECT_EQ(core_.next_deadline() - now_, 30'000) << "the runner may live on: the report is due";
  EXPECT_EQ(Finish(1, 21), "report 21 ok");
}

TEST_F(TaskTimeoutTest, AnAttemptThatDoesNotStopCostsTheRunnerAndTheOthersAreHandedBack) {
  RunningJob({20, 21, 22}, kTimeoutMs);
  Progress(20, 1);
  now_ = now_ + 5'000;
  Progress(21, 1);
  EXPECT_EQ(WaitExactly(4'999), "cancel-on 1: 20");
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Assign(7, 23), "start-runner 2 job 7");
  const std::string why = "\"its runner was stopped because another task ran too long\"";
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {AttemptId(21)}}),
            "delete-attempts of 7: 20 21 22\nreport 20 failed " + std::string(kTooLong) +
                " 21 handed-back " + why + " 22 handed-back " + why);
}

TEST_F(TaskTimeoutTest, ARunnerThatFallsSilentDoesNotStopTheClock) {
  RunningJob({20}, kTimeoutMs);
  Progress(20, 2'500);
  EXPECT_EQ(WaitExactly(7'500), "cancel-on 1: 20");
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
}

TEST_F(TaskTimeoutTest, WaitingForAThreadCostsNoTime) {
  RunningJob({20, 21}, kTimeoutMs);
  Progress(20, 0);
  now_ = now_ + 60'000;
  Progress(20, 0);
  EXPECT_EQ(core_.next_deadline() - now_, kHeartbeatMs - 60'000);
  Progress(20, 1'000);
  EXPECT_EQ(WaitExactly(9'000), "cancel-on 1: 20");
}

TEST_F(TaskTimeoutTest, AJobWithoutALimitMayRunForEver) {
  RunningJob({20});
  Progress(20, 1'000'000'000);
  EXPECT_EQ(core_.next_deadline() - now_, kHeartbeatMs);
}

TEST_F(TaskTimeoutTest, AnAttemptThatTheCoordinatorFindsOverdueIsStoppedLikewise) {
  RunningJob({20, 21});
  const AttemptsOverdue overdue{{{AttemptId(20), 6'000}, {AttemptId(77), 6'000}}};
  EXPECT_EQ(Do(overdue), "cancel-on 1: 20");
  EXPECT_EQ(Do(overdue), "") << "it is asked once";
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(
      Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {AttemptId(21)}}),
      "delete-attempts of 7: 20 21\nreport 20 failed \"it ran longer than 6.0 s, the share of "
      "its stage's median that --task-timeout allows; if it has no endless loop, allow a "
      "larger share\" 21 handed-back \"its runner was stopped because another task ran too "
      "long\"");
}

TEST_F(TaskTimeoutTest, HeartbeatsSayHowLongAnAttemptHasHadItsThread) {
  RunningJob({20, 21});
  Progress(20, 400);
  now_ = now_ + kHeartbeatMs;
  const std::vector<Output> outputs = core_.Step(Tick{}, now_);
  ASSERT_EQ(outputs.size(), 1u);
  const auto& heartbeat = std::get<SendHeartbeat>(outputs.front());
  EXPECT_EQ(heartbeat.progress.at(0).run_ms, 400);
  EXPECT_EQ(heartbeat.progress.at(1).run_ms, 0);
}

TEST_F(TaskTimeoutTest, AnAttemptThatIsDoneBeforeItIsStoppedHasSucceeded) {
  RunningJob({20}, kTimeoutMs);
  Progress(20, 1);
  EXPECT_EQ(WaitExactly(9'999), "cancel-on 1: 20");
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
}

TEST_F(TaskTimeoutTest, AnOverdueAttemptThatIsCancelledIsHandedBack) {
  RunningJob({20}, kTimeoutMs);
  Progress(20, 1);
  EXPECT_EQ(WaitExactly(9'999), "cancel-on 1: 20");
  EXPECT_EQ(Do(AttemptsCancelled{{AttemptId(20)}}), "cancel-on 1: 20");
  EXPECT_EQ(Finish(1, 20, Outcome::kHandedBack), "report 20 handed-back");
}

TEST_F(TaskTimeoutTest, ACrashWhileItIsAskedToStopIsStillACrash) {
  RunningJob({20}, kTimeoutMs);
  Progress(20, 1);
  EXPECT_EQ(WaitExactly(9'999), "cancel-on 1: 20");
  EXPECT_THAT(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 11, "", {}}),
              testing::HasSubstr(
                  "report 20 failed run-alone \"the runner of job 7 was killed by signal 11"));
}

}  // namespace
}  // namespace gristmill::worker
