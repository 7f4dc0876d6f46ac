#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/attempt_limits.h"
#include "base/status.h"
#include "worker/core/worker_core_fixture.h"

namespace gristmill::worker {
namespace {

TEST_F(WorkerCoreTest, AnAssignmentStartsTheRunnerOfItsJobLazilyAndOnlyOnce) {
  EXPECT_EQ(Do(SessionOpened{}), "register");
  EXPECT_EQ(Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false}), "");
  EXPECT_EQ(Do(JobStarted{JobId(7), Say("plan7")}), "");
  EXPECT_EQ(Assign(7, 20), "start-runner 1 job 7");
  EXPECT_EQ(Assign(7, 21), "");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(1)}),
            "forward 1 plan7\nforward 1 task20\nforward 1 task21");
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  EXPECT_EQ(Do(ReportsAcknowledged{{AttemptId(20)}}), "");
  EXPECT_EQ(Assign(7, 22), "forward 1 task22");
}

TEST_F(WorkerCoreTest, ANewRunnerIsToldEverythingTheJobKnowsBeforeItsTasks) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Do(SourcesChanged{JobId(7), 1, Say("old")}), "");
  EXPECT_EQ(Do(SourcesChanged{JobId(7), 1, Say("sources")}), "");
  EXPECT_EQ(Do(BroadcastMade{JobId(7), 0, Say("broadcast")}), "");
  Assign(7, 20);
  EXPECT_EQ(Do(RunnerConnected{RunnerId(1)}),
            "forward 1 plan7\nforward 1 sources\nforward 1 broadcast\nforward 1 task20");
  EXPECT_EQ(Do(SourcesChanged{JobId(7), 1, Say("newer")}), "forward 1 newer");
}

TEST_F(WorkerCoreTest, AnAssignmentThatIsRepeatedRunsOnce) {
  RunningJob({20});
  EXPECT_EQ(Assign(7, 20), "");
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  EXPECT_EQ(Assign(7, 20), "");
}

TEST_F(WorkerCoreTest, AStatusIsToldOnceASessionAndNotesNotOften) {
  RunningJob({20});
  Do(SessionRegistered{WorkerId(3), 1'000, kLeaseMs, false});
  const auto progress = [&](const std::string& status, const std::string& notes) {
    Do(RunnerProgressed{RunnerId(1),
                        {{.attempt = AttemptId(20), .status = status, .notes = Say(notes)}}});
  };
  progress("half way", "notes1");
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:0 says \"half way\" notes1");
  progress("half way", "notes2");
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:0");
  progress("nearly done", "notes3");
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:0 says \"nearly done\"");
  WaitExactly(1'000);
  WaitExactly(1'000);
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:0 notes3");
  Do(SessionRegistered{WorkerId(4), 1'000, kLeaseMs, false});
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:0 says \"nearly done\"");
}

TEST_F(WorkerCoreTest, ReportsAreRepeatedAfterEveryRegistrationUntilAcknowledged) {
  RunningJob({20, 21});
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  EXPECT_EQ(Do(SessionBroken{}), "");
  EXPECT_EQ(Finish(1, 21), "");
  EXPECT_EQ(Do(SessionOpened{}), "register 20 21 jobs 7");
  EXPECT_EQ(Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false}),
            "report 20 ok 21 ok");
  EXPECT_EQ(Do(ReportsAcknowledged{{AttemptId(20)}}), "");
  Do(SessionBroken{});
  EXPECT_EQ(Do(SessionOpened{}), "register 21 jobs 7");
  EXPECT_EQ(Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false}), "report 21 ok");
}

TEST_F(WorkerCoreTest, ABrokenSessionLeavesRunningAttemptsAlone) {
  RunningJob({20});
  EXPECT_EQ(Do(SessionBroken{}), "");
  EXPECT_EQ(core_.next_deadline(), kNever);
  EXPECT_EQ(Do(SessionOpened{}), "register 20 jobs 7");
  EXPECT_EQ(Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false}), "");
  EXPECT_EQ(Do(JobStarted{JobId(7), Say("plan7 again")}), "");
  EXPECT_EQ(Assign(7, 22), "forward 1 task22");
}

TEST_F(WorkerCoreTest, ForgettingKillsRunnersAndDeletesOutputWithoutAWord) {
  RunningJob({20, 21});
  Finish(1, 20);
  Do(SessionBroken{});
  EXPECT_EQ(Do(SessionOpened{}), "register 21 20 jobs 7");
  EXPECT_EQ(Do(SessionRegistered{WorkerId(4), kHeartbeatMs, kLeaseMs, true}), "kill 1\ndelete-all");
  // The same job may be assigned again before the old runner is gone.
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Assign(7, 30), "start-runner 2 job 7");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {}}),
            "delete-attempts of 7: 21")
      << "which the runner may have finished while it was killed";
  EXPECT_EQ(Do(RunnerConnected{RunnerId(2)}), "forward 2 plan7\nforward 2 task30");
}

TEST_F(WorkerCoreTest, AnAttemptThatIsToBeAloneHasARunnerForItselfWhichEndsWithIt) {
  RunningJob({20});
  EXPECT_EQ(Assign(7, 21, true), "start-runner 2 job 7 alone");
  EXPECT_EQ(Assign(7, 22), "forward 1 task22");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(2)}), "forward 2 plan7\nforward 2 task21");
  EXPECT_EQ(Finish(2, 21), "stop 2\nreport 21 ok");
  EXPECT_EQ(WaitExactly(2'000), "kill 2");
  EXPECT_EQ(Do(RunnerDied{RunnerId(2), RunnerDied::How::kSignalled, 9, "", {}}), "");
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
}

TEST_F(WorkerCoreTest, AnAttemptThatIsCancelledBeforeItsOwnRunnerConnectedTakesItAlong) {
  RunningJob({20});
  Assign(7, 21, true);
  EXPECT_EQ(Do(AttemptsCancelled{{AttemptId(21)}}),
            "kill 2\nreport 21 handed-back \"the attempt was cancelled before it started\"");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(2)}), "");
  EXPECT_EQ(Do(RunnerDied{RunnerId(2), RunnerDied::How::kSignalled, 9, "", {}}), "");
}

TEST_F(WorkerCoreTest, ACancelledAttemptThatStopsInTimeCostsNoRunner) {
  RunningJob({20, 21});
  EXPECT_EQ(Do(AttemptsCancelled{{AttemptId(20), AttemptId(99)}}), "cancel-on 1: 20");
  EXPECT_EQ(Do(AttemptsCancelled{{AttemptId(20)}}), "");
  EXPECT_EQ(Finish(1, 20, Outcome::kHandedBack), "report 20 handed-back");
  Do(ReportsAcknowledged{{AttemptId(20)}});
  EXPECT_EQ(core_.next_deadline() - now_, kHeartbeatMs);
  EXPECT_EQ(Finish(1, 21), "report 21 ok");
}

TEST_F(WorkerCoreTest, ACancelledAttemptThatRunsOnCostsTheRunnerAndTheOthersAreHandedBack) {
  RunningJob({20, 21});
  Do(AttemptsCancelled{{AttemptId(20)}});
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Assign(7, 22), "start-runner 2 job 7");
  const std::string why = "\"its runner was stopped because a cancelled task did not end\"";
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {}}),
            "delete-attempts of 7: 20 21\nreport 20 handed-back " + why + " 21 handed-back " + why);
}

TEST_F(WorkerCoreTest, AnAttemptCancelledBeforeItsRunnerConnectsNeverRuns) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7")});
  Assign(7, 20);
  Assign(7, 21);
  EXPECT_EQ(Do(AttemptsCancelled{{AttemptId(20)}}),
            "report 20 handed-back \"the attempt was cancelled before it started\"");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(1)}), "forward 1 plan7\nforward 1 task21");
}

TEST_F(WorkerCoreTest, TheEndOfAJobStopsItsRunnerThenDeletesItsFiles) {
  RunningJob({20});
  EXPECT_EQ(Do(JobEnded{JobId(7)}), "stop 1");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kExited, 0, "", {}}), "delete-job 7");
  EXPECT_EQ(core_.next_deadline() - now_, kHeartbeatMs);
}

TEST_F(WorkerCoreTest, ARunnerThatSurvivesTheEndOfItsJobIsKilled) {
  RunningJob({20});
  Do(JobEnded{JobId(7)});
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {}}), "delete-job 7");
}

TEST_F(WorkerCoreTest, AJobThatRanNothingHereIsDeletedAtOnce) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7")});
  EXPECT_EQ(Do(JobEnded{JobId(7)}), "delete-job 7");
  EXPECT_EQ(Do(JobEnded{JobId(8)}), "");
}

TEST_F(WorkerCoreTest, HeartbeatsCarryTheProgressOfRunningAttempts) {
  Do(SessionOpened{});
  Do(SessionRegistered{WorkerId(3), 1'000, kLeaseMs, false});
  Do(JobStarted{JobId(7), Say("plan7")});
  Assign(7, 20);
  Do(RunnerConnected{RunnerId(1)});
  Do(RunnerProgressed{RunnerId(1), {{AttemptId(20), 500}, {AttemptId(99), 1}}});
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:500");
  EXPECT_EQ(WaitExactly(1'000), "heartbeat 20:500");
}

TEST_F(WorkerCoreTest, ARunnerIsAskedToCutWhatItRuns) {
  RunningJob({20, 21});
  Do(JobStarted{JobId(8), Say("plan8")});
  Assign(8, 30);
  Do(AttemptsCancelled{{AttemptId(21)}});
  EXPECT_EQ(Do(CutsAsked{{AttemptId(20), AttemptId(21), AttemptId(30), AttemptId(99)}}),
            "cut-on 1: 20")
      << "21 is cancelled, the runner of 30 has not connected, 99 is unknown";
}

TEST_F(WorkerCoreTest, ACutIsToldAtOnceAndWithEveryHeartbeatFromThenOn) {
  RunningJob({20, 21});
  EXPECT_EQ(Do(RunnerProgressed{RunnerId(1), {{.attempt = AttemptId(20), .cut_at = 70}}}), "");
  EXPECT_EQ(WaitExactly(0), "heartbeat 20:0 cut at 70 21:0");
  EXPECT_EQ(Do(RunnerProgressed{RunnerId(1), {{.attempt = AttemptId(20), .cut_at = 70}}}), "");
  EXPECT_EQ(WaitExactly(kHeartbeatMs), "heartbeat 20:0 cut at 70 21:0");
}

TEST_F(WorkerCoreTest, ARegistrationWithoutAnswerResetsTheSession) {
  Do(SessionOpened{});
  EXPECT_EQ(WaitExactly(15'000), "reset \"the coordinator did not answer the registration\"");
}

TEST_F(WorkerCoreTest, AReportWithoutAcknowledgementForThreeLeasesResetsTheSession) {
  RunningJob({20});
  now_ = now_ + 90'000;  // silence alone is no fault: nothing was due
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  EXPECT_EQ(WaitExactly(30'000), "reset \"the coordinator did not acknowledge a report\"");
}

TEST_F(WorkerCoreTest, ADrainingWorkerTakesNothingNewFinishesWhatRunsAndLeavesWhenReleased) {
  RunningJob({20});
  EXPECT_EQ(Do(DrainRequested{}), "drain");
  EXPECT_EQ(Assign(7, 21), "report 21 handed-back \"the worker is draining\"");
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  Do(ReportsAcknowledged{{AttemptId(20), AttemptId(21)}});
  EXPECT_EQ(Do(DrainCompleted{}), "kill 1\ngoodbye\nexit");
  EXPECT_EQ(core_.next_deadline(), kNever);
  EXPECT_EQ(Do(Tick{}), "");
}

TEST_F(WorkerCoreTest, AWorkerThatIsShortOfDiskSaysSoAtOnceAndTakesWhatItIsGivenAllTheSame) {
  RunningJob({20});
  EXPECT_EQ(Do(DiskSpaceChanged{true}), "heartbeat short-of-disk 20:0");
  EXPECT_EQ(Do(DiskSpaceChanged{true}), "");
  EXPECT_EQ(Assign(7, 21), "forward 1 task21") << "a reduce, or one that was under way";
  EXPECT_EQ(Finish(1, 20), "report 20 ok");
  EXPECT_EQ(Do(DiskSpaceChanged{false}), "heartbeat 21:0");
}

TEST_F(WorkerCoreTest, ThatTheDiskIsShortIsRepeatedInEveryHeartbeatAndSession) {
  EXPECT_EQ(Do(DiskSpaceChanged{true}), "") << "nobody is there to hear it";
  Do(SessionOpened{});
  EXPECT_EQ(Do(SessionRegistered{WorkerId(3), 1'000, kLeaseMs, false}), "heartbeat short-of-disk");
  EXPECT_EQ(WaitExactly(1'000), "heartbeat short-of-disk");
}

TEST_F(WorkerCoreTest, ADrainIsRepeatedAtTheNextRegistration) {
  RunningJob({20});
  Do(SessionBroken{});
  EXPECT_EQ(Do(DrainRequested{}), "");
  Do(SessionOpened{});
  EXPECT_EQ(Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false}), "drain");
}

TEST_F(WorkerCoreTest, ADrainThatTakesTooLongEndsAtItsDeadline) {
  RunningJob({20});
  Do(DrainRequested{});
  EXPECT_EQ(WaitExactly(60'000), "kill 1\ngoodbye\nexit");
}

TEST_F(WorkerCoreTest, TheSecondDrainLeavesAtOnce) {
  RunningJob({20});
  Do(DrainRequested{});
  EXPECT_EQ(Do(DrainRequested{}), "kill 1\ngoodbye\nexit");
}

TEST_F(WorkerCoreTest, ADrainBeforeTheFirstRegistrationLeavesAtOnce) {
  Do(SessionOpened{});
  EXPECT_EQ(Do(DrainRequested{}), "exit");
}

TEST_F(WorkerCoreTest, ALostSessionEndsTheWorkerWithTheReason) {
  RunningJob({20});
  Do(SessionBroken{});
  EXPECT_EQ(Do(SessionLost{"no coordinator"}), "kill 1\nexit \"no coordinator\"");
}

TEST_F(WorkerCoreTest, WhatIsMoreThanTheSlotsBearIsHandedBack) {
  RunningJob({});
  std::uint64_t next = 20;
  for (std::size_t i = 0; i < 2 * (2 + AttemptsAheadMax(2)); ++i) Assign(7, next++);
  EXPECT_EQ(Assign(7, 90'000), "report 90000 handed-back \"the worker has no free slot\"");
  EXPECT_EQ(Assign(8, 90'001),
            "report 90001 handed-back \"the worker was not told about the job\"");
}

TEST_F(WorkerCoreTest, ARunnerOfAJobThatBringsFilesHasAsLongAsTheseTakeBeforeItIsSpawned) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7"), 0, /*brings_files=*/true});
  EXPECT_EQ(Assign(7, 41), "start-runner 1 job 7");
  now_ = now_ + 600'000;
  Do(SessionRegistered{WorkerId(3), kHeartbeatMs, kLeaseMs, false});
  EXPECT_EQ(Do(RunnerSpawned{RunnerId(1)}), "");
  EXPECT_EQ(WaitExactly(20'000), "kill 1");
}

TEST_F(WorkerCoreTest, FilesThatCantBeHadFailTheAttemptsThatWaitForThem) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7"), 0, /*brings_files=*/true});
  Assign(7, 41);
  EXPECT_THAT(
      Do(RunnerDied{RunnerId(1), RunnerDied::How::kNotStarted, 0, "no room for 'model'", {}}),
      testing::HasSubstr("the runner of job 7 could not be started: no room for 'model'"));
  EXPECT_EQ(Assign(7, 42), "start-runner 2 job 7");
}

TEST_F(WorkerCoreTest, ARunnerWithoutTasksEndsAfterAWhileAndAnotherTakesTheNext) {
  RunningJob({20, 21});
  Finish(1, 20);
  Finish(1, 21);
  Do(ReportsAcknowledged{{AttemptId(20), AttemptId(21)}});
  now_ = now_ + 50'000;
  EXPECT_EQ(Assign(7, 22), "forward 1 task22") << "it was not idle for long enough";
  Finish(1, 22);
  Do(ReportsAcknowledged{{AttemptId(22)}});
  EXPECT_EQ(WaitExactly(60'000), "stop 1");
  EXPECT_EQ(Assign(7, 23), "start-runner 2 job 7") << "the other is about to end";
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kExited, 0, "", {}}), "");
  EXPECT_EQ(Do(RunnerConnected{RunnerId(2)}), "forward 2 plan7\nforward 2 task23");
}

}  // namespace
}  // namespace gristmill::worker
