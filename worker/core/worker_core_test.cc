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

TEST_F(WorkerCoreTest, ACrashFailsTheAttemptThatWasAloneWithItsSignalAndLastWords) {
  RunningJob({20});
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 11, "out of ideas\n", {}}),
            "delete-attempts of 7: 20\n"
            "report 20 failed run-alone \"the runner of job 7 was killed by signal 11 (SIGSEGV) "
            "while it ran this task; it last wrote: out of ideas\"");
  EXPECT_EQ(Assign(7, 22), "start-runner 2 job 7");
}

TEST_F(WorkerCoreTest, OfSeveralSuspectsNoneIsBlamedAndEachIsToRunAlone) {
  RunningJob({20, 21, 22});
  EXPECT_EQ(
      Do(RunnerDied{RunnerId(1),
                    RunnerDied::How::kSignalled,
                    9,
                    "",
                    {AttemptId(20), AttemptId(21), AttemptId(99)}}),
      "delete-attempts of 7: 20 21 22\n"
      "report 20 handed-back run-alone \"it is one of 2 tasks at which the runner of job 7 was "
      "killed by signal 9 (SIGKILL) while it ran this task, perhaps because the host ran out of "
      "memory\""
      " 21 handed-back run-alone \"it is one of 2 tasks at which the runner of job 7 was killed "
      "by signal 9 (SIGKILL) while it ran this task, perhaps because the host ran out of "
      "memory\""
      " 22 handed-back \"the runner of job 7 died of another task\"");
}

TEST_F(WorkerCoreTest, WhoseThreadGotTheSignalIsBlamedWithStackAndRecord) {
  RunningJob({20, 21, 22});
  AttemptInFlight crashed(AttemptId(21));
  crashed.record = "record at /in offset 9 \"x\"";
  crashed.crashed = true;
  RunnerDied died{RunnerId(1), RunnerDied::How::kSignalled, 11, "", {AttemptId(20), crashed}};
  died.crash = "at address 0x0 in Foo::Map";
  EXPECT_EQ(
      Do(died),
      "delete-attempts of 7: 20 21 22\n"
      "report 20 handed-back \"the runner of job 7 died of another task\""
      " 21 failed run-alone \"the runner of job 7 was killed by signal 11 (SIGSEGV) at address "
      "0x0 in Foo::Map; record at /in offset 9 \"x\"\""
      " 22 handed-back \"the runner of job 7 died of another task\"");
}

TEST_F(WorkerCoreTest, NamesTheRecordOnlyIfNothingElseCanBeToBlame) {
  AttemptInFlight at_record(AttemptId(20));
  at_record.offset = 9;
  at_record.crashed = true;
  const RunnerDied seen{.runner = RunnerId(1),
                        .how = RunnerDied::How::kSignalled,
                        .code = 11,
                        .last_output = "",
                        .in_flight = {at_record},
                        .crash = "in Foo::Map"};
  struct Worker : WorkerCoreTest {
    void TestBody() override {}
    std::string ReportOf(const RunnerDied& died) {
      RunningJob({20, 21});
      return Do(died);
    }
  };
  const auto report_of = [](const RunnerDied& died) { return Worker().ReportOf(died); };
  const auto names_it = testing::HasSubstr("20 failed run-alone at 9");
  EXPECT_THAT(report_of(seen), names_it);
  RunnerDied exited = seen;
  exited.in_flight[0].crashed = false;
  exited.how = RunnerDied::How::kExited;
  exited.crash.clear();
  EXPECT_THAT(report_of(exited), names_it);
  RunnerDied sent = seen;
  sent.crash.clear();
  EXPECT_THAT(report_of(sent), testing::Not(testing::HasSubstr(" at 9"))) << "by somebody else";
  RunnerDied elsewhere = seen;
  elsewhere.in_flight[0].crashed = false;
  EXPECT_THAT(report_of(elsewhere), testing::Not(testing::HasSubstr(" at 9"))) << "another thread";
  RunnerDied short_of_memory = seen;
  short_of_memory.out_of_memory = true;
  EXPECT_THAT(report_of(short_of_memory), testing::Not(testing::HasSubstr(" at 9")));
  RunnerDied two = exited;
  two.in_flight.emplace_back(AttemptId(21));
  EXPECT_THAT(report_of(two), testing::Not(testing::HasSubstr(" at 9"))) << "one of two";
}

TEST_F(WorkerCoreTest, ACrashFailsOnlyWhatTheRunnerWasAt) {
  RunningJob({20, 21, 22});
  const std::string text = Do(
      RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 11, "", {AttemptId(21), AttemptId(99)}});
  EXPECT_EQ(text,
            "delete-attempts of 7: 20 21 22\n"
            "report 20 handed-back \"the runner of job 7 died of another task\""
            " 21 failed run-alone \"the runner of job 7 was killed by signal 11 (SIGSEGV) while it "
            "ran this task\""
            " 22 handed-back \"the runner of job 7 died of another task\"");
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

TEST_F(WorkerCoreTest, OnlyTheEndOfALongLastOutputIsReported) {
  RunningJob({20});
  const std::string said = std::string(5000, 'x') + "the end";
  const std::string text = Do(RunnerDied{RunnerId(1), RunnerDied::How::kExited, 3, said, {}});
  EXPECT_THAT(text, testing::HasSubstr("exited with status 3 while it ran this task"));
  EXPECT_THAT(text, testing::HasSubstr("the end\""));
  EXPECT_LT(text.size(), 4300u);
}

TEST_F(WorkerCoreTest, WhatIsNotUtf8InTheLastOutputIsReplaced) {
  RunningJob({20});
  EXPECT_THAT(Do(RunnerDied{RunnerId(1),
                            RunnerDied::How::kExited,
                            1,
                            "\x80grün €\xC3 \xE0\x80\x80 \xF0\x9F\x8C\xBE\xED\xA0\x80\xF0\x9F",
                            {}}),
              testing::HasSubstr("wrote: ?grün €? ??? 🌾?????\""));
}

TEST_F(WorkerCoreTest, ARunnerThatCannotStartFailsItsAttempts) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7")});
  Assign(7, 20);
  EXPECT_THAT(
      Do(RunnerDied{RunnerId(1), RunnerDied::How::kNotStarted, 0, "no such file", {}}),
      testing::HasSubstr("failed \"the runner of job 7 could not be started: no such file\""));
}

TEST_F(WorkerCoreTest, ARunnerThatNeverConnectsIsKilledAfterItsDeadline) {
  Register();
  Do(JobStarted{JobId(7), Say("plan7")});
  Assign(7, 20);
  EXPECT_EQ(WaitExactly(20'000), "kill 1");
  EXPECT_THAT(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {}}),
              testing::HasSubstr("report 20 failed \"the runner of job 7 did not start in time\""));
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

TEST_F(WorkerCoreTest, ARunnerThatLosesItsStreamIsReplacedAndItsAttemptsHandedBack) {
  RunningJob({20});
  EXPECT_EQ(Do(RunnerDetached{RunnerId(1)}), "");
  EXPECT_EQ(Assign(7, 21), "start-runner 2 job 7");
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "", {}}),
            "delete-attempts of 7: 20\n"
            "report 20 handed-back \"the worker lost contact with its runner\"");
}

TEST_F(WorkerCoreTest, WhatARunnerRanWhenItLostItsStreamHasFailed) {
  const std::string failed =
      "delete-attempts of 7: 20 21\nreport 20 failed run-alone \"the runner of job 7 lost its "
      "connection to "
      "the worker while it ran this task; check that the job's code closes no file descriptors but "
      "its own; it last wrote: oh\" 21 handed-back \"the runner of job 7 died of another task\"";
  RunningJob({20, 21});
  Do(RunnerDetached{RunnerId(1)});
  EXPECT_EQ(WaitExactly(2'000), "kill 1");
  EXPECT_EQ(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 9, "oh", {AttemptId(20)}}),
            failed);
}

TEST_F(WorkerCoreTest, ARunnerThatEndsForItsStreamBrokeMayBeHeardOfByItsDeathAlone) {
  RunningJob({20, 21});
  const std::string text = Do(RunnerDied{
      RunnerId(1), RunnerDied::How::kExited, RunnerDied::kLostContactStatus, "", {AttemptId(21)}});
  EXPECT_THAT(text, testing::HasSubstr("20 handed-back"));
  EXPECT_THAT(text,
              testing::HasSubstr("21 failed run-alone \"the runner of job 7 lost its connection"));
}

TEST_F(WorkerCoreTest, ARunnerThatWentForLackOfMemoryHandsBackWhatItRan) {
  RunningJob({20, 21, 22});
  EXPECT_EQ(Finish(1, 20, Outcome::kFailed), "report 20 failed");
  Do(RunnerDetached{RunnerId(1)});
  const std::string why = "\"its runner went because another task ran out of memory\"";
  EXPECT_EQ(Do(RunnerDied{RunnerId(1),
                          RunnerDied::How::kExited,
                          RunnerDied::kOutOfMemoryStatus,
                          "",
                          {AttemptId(21)}}),
            "delete-attempts of 7: 21 22\nreport 21 handed-back " + why + " 22 handed-back " + why);
}

TEST_F(WorkerCoreTest, ARunnerThatCrashesAfterItsStreamBrokeIsStillACrash) {
  RunningJob({20});
  Do(RunnerDetached{RunnerId(1)});
  EXPECT_THAT(Do(RunnerDied{RunnerId(1), RunnerDied::How::kSignalled, 6, "", {}}),
              testing::HasSubstr("killed by signal 6 (SIGABRT) while it ran this task"));
}

TEST_F(WorkerCoreTest, WhatIsMoreThanTheSlotsBearIsHandedBack) {
  RunningJob({});
  std::uint64_t next = 20;
  for (std::size_t i = 0; i < 2 * (2 + AttemptsAheadMax(2)); ++i) Assign(7, next++);
  EXPECT_EQ(Assign(7, 90'000), "report 90000 handed-back \"the worker has no free slot\"");
  EXPECT_EQ(Assign(8, 90'001),
            "report 90001 handed-back \"the worker was not told about the job\"");
}

}  // namespace
}  // namespace gristmill::worker
