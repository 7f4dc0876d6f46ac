// What a runner that dies costs, and whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "worker/core/worker_core_fixture.h"

namespace gristmill::worker {
namespace {

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

}  // namespace
}  // namespace gristmill::worker
