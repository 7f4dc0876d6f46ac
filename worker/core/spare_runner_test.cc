#include "worker/core/worker_core_fixture.h"

namespace gristmill::worker {
namespace {

class SpareRunnerTest : public WorkerCoreTest {
 protected:
  SpareRunnerTest() : WorkerCoreTest({.slots = 2, .keeps_spare_runner = true}) {}
  std::string Open() {
    Do(SessionOpened{});
    return Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false});
  }
  std::string Die(std::uint64_t runner) {
    return Do(RunnerDied{RunnerId(runner), RunnerDied::How::kSignalled, 9, "", {}});
  }
};

TEST_F(SpareRunnerTest, AJobGetsTheRunnerThatWaitsAndTheNextOneStartsOnceTheWorkerIsIdle) {
  EXPECT_EQ(Open(), "start-spare 1");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(1)}), "");
  EXPECT_EQ(core_.next_deadline() - now_, kHeartbeatMs) << "it may wait as long as it takes";
  EXPECT_EQ(Do(JobStarted{JobId(7), Say("plan7")}), "");
  EXPECT_EQ(Assign(7, 20), "give 1 to job 7\nforward 1 plan7\nforward 1 task20");
  EXPECT_EQ(Assign(7, 21), "forward 1 task21");
  Finish(1, 20);
  Finish(1, 21);
  EXPECT_EQ(Do(JobEnded{JobId(7)}), "stop 1");
  EXPECT_EQ(Die(1), "delete-job 7\nstart-spare 2");
}

TEST_F(SpareRunnerTest, OneThatIsStillStartingIsToldAboutItsJobWhenItConnects) {
  Open();
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Assign(7, 20), "give 1 to job 7");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(1)}), "forward 1 plan7\nforward 1 task20");
}

TEST_F(SpareRunnerTest, OneThatDoesNotConnectInTimeIsKilledAndReplacedAfterTheNextJob) {
  Open();
  EXPECT_EQ(WaitExactly(20'000), "kill 1");
  EXPECT_EQ(Die(1), "");
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Assign(7, 20), "start-runner 2 job 7");
  Do(JobEnded{JobId(7)});
  EXPECT_EQ(Die(2), "delete-job 7\nstart-spare 3");
}

TEST_F(SpareRunnerTest, OneThatDiedOrLostItsStreamIsGivenToNobody) {
  Open();
  Do(RunnerConnected{RunnerId(1)});
  EXPECT_EQ(Do(RunnerDetached{RunnerId(1)}), "");
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Assign(7, 20), "start-runner 2 job 7");
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Die(1), "") << "no attempt was its own";
}

TEST_F(SpareRunnerTest, AJobThatBringsFilesAndAnAttemptAloneStartTheirOwn) {
  Open();
  Do(RunnerConnected{RunnerId(1)});
  Do(JobStarted{JobId(7), Say("plan7"), 0, /*brings_files=*/true});
  EXPECT_EQ(Assign(7, 20), "start-runner 2 job 7");
  Do(JobStarted{JobId(8), Say("plan8")});
  EXPECT_EQ(Assign(8, 21, /*alone=*/true), "start-runner 3 job 8 alone");
  EXPECT_EQ(Assign(8, 22), "give 1 to job 8\nforward 1 plan8\nforward 1 task22");
}

TEST_F(SpareRunnerTest, ADrainingWorkerEndsItAndStartsNone) {
  Open();
  Do(RunnerConnected{RunnerId(1)});
  EXPECT_EQ(Do(DrainRequested{}), "stop 1\ndrain");
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Die(1), "");
}

TEST_F(SpareRunnerTest, ADrainingWorkerKillsOneThatIsStillStarting) {
  Open();
  EXPECT_EQ(Do(DrainRequested{}), "kill 1\ndrain");
}

TEST_F(SpareRunnerTest, AWorkerThatLeavesTakesItAlong) {
  Open();
  EXPECT_EQ(Do(SessionLost{"nobody there"}), "kill 1\ngoodbye\nexit \"nobody there\"");
}

TEST_F(SpareRunnerTest, ItOutlivesWhatTheCoordinatorHasTheWorkerForget) {
  Open();
  Do(RunnerConnected{RunnerId(1)});
  Do(SessionBroken{});
  Do(SessionOpened{});
  EXPECT_EQ(Do(SessionRegistered{WorkerId(4), kHeartbeatMs, kLeaseMs, true}), "delete-all");
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Assign(7, 20), "give 1 to job 7\nforward 1 plan7\nforward 1 task20");
}

}  // namespace
}  // namespace gristmill::worker
