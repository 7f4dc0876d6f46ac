#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/core/worker_core_fixture.h"

namespace gristmill::worker {
namespace {

class GpusTest : public WorkerCoreTest {
 protected:
  GpusTest() : WorkerCoreTest({.slots = 4, .gpus = 2}) {}

  // A job whose tasks use one GPU each, or so many; its runner is connected.
  void StartJob(std::uint64_t job, std::uint32_t gpus) {
    Do(JobStarted{JobId(job), Say("job"), 0, false, gpus});
  }
};

TEST_F(GpusTest, AttemptsThatRunAtOnceUseDifferentOnes) {
  Register();
  StartJob(7, 1);
  EXPECT_EQ(Assign(7, 20), "start-runner 1 job 7");
  Assign(7, 21);
  EXPECT_EQ(Do(RunnerConnected{RunnerId(1)}),
            "forward 1 job\nforward 1 task20 gpus 0\nforward 1 task21 gpus 1");
  // The coordinator has heard of an end that the runner has not told of yet, or gave one up.
  EXPECT_EQ(Assign(7, 22), "") << "it waits for a GPU";
  EXPECT_EQ(Finish(1, 21), "forward 1 task22 gpus 1\nreport 21 ok");
}

TEST_F(GpusTest, AnAttemptThatWaitsForOneMayBeCancelled) {
  Register();
  StartJob(7, 2);
  Assign(7, 20);
  Do(RunnerConnected{RunnerId(1)});
  Assign(7, 21);
  EXPECT_EQ(Do(AttemptsCancelled{{AttemptId(21)}}),
            "report 21 handed-back \"the attempt was cancelled before it started\"");
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  EXPECT_EQ(Assign(7, 22), "forward 1 task22 gpus 0 1");
}

TEST_F(GpusTest, ThoseOfAJobThatEndedAreFreeWhenItsRunnerIsDead) {
  Register();
  StartJob(7, 2);
  Assign(7, 20);
  Do(RunnerConnected{RunnerId(1)});
  EXPECT_EQ(Do(JobEnded{JobId(7)}), "stop 1");
  StartJob(8, 1);
  Assign(8, 21);
  EXPECT_EQ(Do(RunnerConnected{RunnerId(2)}), "forward 2 job");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kExited, 0, "", {}}),
            "delete-job 7\nforward 2 task21 gpus 0");
}

TEST_F(GpusTest, ACrashFreesThem) {
  Register();
  StartJob(7, 2);
  Assign(7, 20);
  Do(RunnerConnected{RunnerId(1)});
  Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 11, "", {}});
  Assign(7, 21);
  EXPECT_EQ(Do(RunnerConnected{RunnerId(2)}), "forward 2 job\nforward 2 task21 gpus 0 1");
}

}  // namespace
}  // namespace gristmill::worker
