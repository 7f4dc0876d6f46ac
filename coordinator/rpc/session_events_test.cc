// The driver between a worker's messages and the core, without threads or gRPC.
#include "coordinator/rpc/session_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "coordinator/rpc/fake_session.h"
#include "coordinator/rpc/status_view.h"

namespace gristmill::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class NoOutputs final : public OutputPort {
 public:
  void Reclaim(JobId job, Plan plan) override {}
  void Commit(JobId job, Plan plan, Finished finished) override { ++commits; }
  void Abandon(Plan plan) override { ++abandons; }
  int commits = 0;
  int abandons = 0;
};

v1::Register Registration(std::uint32_t slots = 1) {
  v1::Register registration;
  registration.set_instance("a");
  registration.set_name("host:1");
  registration.set_slots(slots);
  registration.set_version("1.0");
  return registration;
}

std::shared_ptr<v1::JobPlan> MapAndReducePlan() {
  auto plan = std::make_shared<v1::JobPlan>();
  plan->mutable_request()->set_job("job");
  plan->mutable_request()->set_output("/out");
  plan->mutable_request()->set_max_attempts(1);
  plan->mutable_request()->set_splits(1);
  plan->add_inputs()->set_format(v1::INPUT_FORMAT_INTEGER_RANGE);
  plan->mutable_inputs(0)->set_range_end(10);
  plan->set_staging_directory("/out/_temporary/t");
  v1::StagePlan* map = plan->add_stages();
  map->set_kind(v1::STAGE_KIND_MAP);
  map->set_task_count(1);
  v1::StagePlan* reduce = plan->add_stages();
  reduce->set_kind(v1::STAGE_KIND_REDUCE);
  reduce->set_task_count(1);
  reduce->add_inputs()->set_kind(v1::EDGE_KIND_SHUFFLE);
  return plan;
}

class SessionEvents : public ::testing::Test {
 protected:
  SessionEvents() {
    driver_.BeginTurn({1'000}, 1);
    OnRegister(driver_, session_, Registration());
    EndTurn();
    EXPECT_THAT(session_->TakeSent(), ElementsAre("registered 1"));
  }
  // Returns how many records the turn made.
  std::size_t EndTurn() {
    const std::size_t records = driver_.TakeRecords().size();
    driver_.Speak();
    return records;
  }
  std::size_t Say(const v1::WorkerMessage& message) {
    OnWorkerMessage(driver_, session_, message);
    return EndTurn();
  }
  std::size_t Report(std::uint64_t attempt, v1::TaskOutcome outcome) {
    v1::WorkerMessage message;
    v1::TaskReport* report = message.mutable_reports()->add_reports();
    report->set_attempt(attempt);
    report->set_outcome(outcome);
    report->set_message("boom");
    return Say(message);
  }

  // A heartbeat or a success of the attempt, which reads [0, `cut_at`) of what it was assigned.
  std::size_t SayCut(std::uint64_t attempt, std::uint64_t cut_at) {
    v1::WorkerMessage message;
    v1::AttemptProgress* progress = message.mutable_heartbeat()->add_progress();
    progress->set_attempt(attempt);
    progress->set_cut_at(cut_at);
    return Say(message);
  }
  std::size_t SucceedCut(std::uint64_t attempt, std::uint64_t cut_at) {
    v1::WorkerMessage message;
    v1::TaskReport* report = message.mutable_reports()->add_reports();
    report->set_attempt(attempt);
    report->set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
    report->set_cut_at(cut_at);
    return Say(message);
  }
  // What each task of the map stage is to read.
  std::vector<std::string> Splits() const {
    v1::TasksRequest request;
    request.set_job(1);
    const v1::TasksResponse tasks =
        ViewTasks(driver_.core(), driver_.catalog(), JobInsight(), request);
    std::vector<std::string> splits;
    for (const v1::TaskStatus& task : tasks.tasks()) {
      if (task.stage_kind() == v1::STAGE_KIND_MAP) splits.push_back(task.split());
    }
    return splits;
  }

  NoOutputs outputs_;
  Driver driver_{{}, &outputs_};
  std::shared_ptr<FakeSession> session_ = std::make_shared<FakeSession>();
};

TEST_F(SessionEvents, OutputThatCanNotBePutIntoPlaceIsKept) {
  const JobId job = driver_.Submit(MapAndReducePlan());
  EndTurn();
  Report(1, v1::TASK_OUTCOME_SUCCEEDED);
  Report(2, v1::TASK_OUTCOME_SUCCEEDED);
  ASSERT_EQ(outputs_.commits, 1);
  driver_.Step(OutputCommitted{job, false, "disk full"});
  EndTurn();
  EXPECT_EQ(driver_.StatusOf(job).state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(outputs_.abandons, 0);
}

TEST_F(SessionEvents, ARecordAtWhichATaskDiesTwiceIsLeftOutOfItsNextAttempt) {
  auto plan = MapAndReducePlan();
  plan->mutable_request()->set_max_attempts(2);
  plan->mutable_request()->set_skip_bad_records(1);
  plan->mutable_request()->set_split_bytes(100);
  plan->mutable_inputs(0)->set_format(v1::INPUT_FORMAT_TEXT_LINES);
  plan->mutable_inputs(0)->add_files()->set_path("/in");
  plan->mutable_inputs(0)->mutable_files(0)->set_bytes(100);
  driver_.Submit(plan);
  EndTurn();
  v1::WorkerMessage message;
  v1::TaskReport* report = message.mutable_reports()->add_reports();
  report->set_outcome(v1::TASK_OUTCOME_FAILED);
  report->set_message(std::string(5'000, 'x'));
  report->set_bad_record(40);
  for (const std::uint64_t attempt : {1, 2}) {
    report->set_attempt(attempt);
    Say(message);
  }
  const auto& skipped = driver_.core().skipped_records(JobId(1));
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped.begin()->first, (InputRecord{"/in", 40}));
  EXPECT_LT(skipped.begin()->second.reason.size(), 4'200u);
  EXPECT_EQ(driver_.StatusOf(JobId(1)).records_skipped(), 1u);

  report->set_attempt(3);
  report->set_bad_record(100);
  Say(message);
  EXPECT_EQ(driver_.core().task({JobId(1), 0, 0})->failures, 1u);
  report->set_attempt(4);
  Say(message);
  EXPECT_THAT(driver_.StatusOf(JobId(1)).message(), HasSubstr("map task 0 failed 2 times"))
      << "no record of its split begins there";
}

TEST_F(SessionEvents, AHeartbeatMakesNoRecordsAndAsksForTheNextMessage) {
  v1::WorkerMessage message;
  message.mutable_heartbeat();
  const int reads = session_->reads();
  EXPECT_EQ(Say(message), 0);
  EXPECT_THAT(session_->TakeSent(), IsEmpty());
  EXPECT_EQ(session_->reads(), reads + 1);
}

TEST_F(SessionEvents, AJobWhoseWorkersAreAllShortOfDiskWaitsAndSaysWhy) {
  v1::WorkerMessage message;
  message.mutable_heartbeat()->set_short_of_disk(true);
  Say(message);
  const JobId job = driver_.Submit(MapAndReducePlan());
  EndTurn();
  EXPECT_THAT(session_->TakeSent(), IsEmpty());
  EXPECT_EQ(
      driver_.StatusOf(job).message(),
      "it waits because no worker takes tasks: 1 short of disk space; 'gristmill workers' tells "
      "more");
  message.mutable_heartbeat()->set_short_of_disk(false);
  EXPECT_EQ(Say(message), 1);
  EXPECT_THAT(session_->TakeSent(), Not(IsEmpty()));
  EXPECT_EQ(driver_.StatusOf(job).message(), "");
}

TEST_F(SessionEvents, NothingIsSentBeforeTheRecordsAreOnDisk) {
  driver_.Submit(MapAndReducePlan());
  EXPECT_THAT(session_->TakeSent(), IsEmpty());
  EXPECT_EQ(driver_.TakeRecords().size(), 2);
  EXPECT_THAT(session_->TakeSent(), IsEmpty());
  driver_.Speak();
  EXPECT_THAT(session_->TakeSent(), ElementsAre("job start 1", "assign 1"));
}

TEST_F(SessionEvents, ASessionIsToldOfAJobOnceAndOfEachNewVersionOfItsSources) {
  driver_.Submit(MapAndReducePlan());
  EndTurn();
  session_->TakeSent();
  Report(1, v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("sources of 1 tasks", "assign 2", "ack 1"));
  Report(2, v1::TASK_OUTCOME_HANDED_BACK);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("assign 3", "ack 2"));
  Report(3, v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("ack 3"));
  EXPECT_EQ(outputs_.commits, 1);
}

TEST_F(SessionEvents, ATaskThatWasCutLeavesTheRestToANewOne) {
  const auto plan = MapAndReducePlan();
  plan->mutable_stages(0)->set_may_be_cut(true);
  const JobId job = driver_.Submit(plan);
  EndTurn();
  session_->TakeSent();
  EXPECT_EQ(SayCut(1, 6), 1u);
  EXPECT_EQ(SayCut(1, 6), 0u) << "it is said with every heartbeat";
  EXPECT_THAT(Splits(), ElementsAre("[0, 6)", "[6, 10)"));
  EXPECT_EQ(SucceedCut(1, 4), 3u) << "cut, succeeded, the piece assigned";
  EXPECT_THAT(session_->TakeSent(), ElementsAre("assign 2", "ack 1"));
  EXPECT_THAT(Splits(), ElementsAre("[0, 4)", "[6, 10)", "[4, 6)"));
  Report(2, v1::TASK_OUTCOME_SUCCEEDED);
  Report(3, v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_THAT(session_->TakeSent(),
              ElementsAre("assign 3", "ack 2", "sources of 3 tasks", "assign 4", "ack 3"));
  EXPECT_EQ(driver_.StatusOf(job).stages(0).tasks_total(), 3u);
  EXPECT_EQ(driver_.StatusOf(job).stages(0).tasks_cut(), 2u);
}

TEST_F(SessionEvents, ACutThatCannotBeFailsItsAttempt) {
  const auto plan = MapAndReducePlan();
  plan->mutable_request()->set_max_attempts(3);
  plan->mutable_stages(0)->set_may_be_cut(true);
  const JobId job = driver_.Submit(plan);
  EndTurn();
  session_->TakeSent();
  SayCut(1, 11);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("cancel 1", "assign 2", "ack 1"));
  SucceedCut(2, 0);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("assign 3", "ack 2"));
  SayCut(2, 11);
  EXPECT_THAT(session_->TakeSent(), IsEmpty()) << "it ended: what it says is stale";
  SucceedCut(3, 12);
  EXPECT_THAT(std::string(driver_.StatusOf(job).message()),
              HasSubstr("cut the task's input at 12, where that can't be (split [0, 10))"));
  EXPECT_EQ(driver_.StatusOf(job).stages(0).tasks_cut(), 0u);
}

TEST_F(SessionEvents, AJobThatForbidsItIsNotCut) {
  const JobId job = driver_.Submit(MapAndReducePlan());
  EndTurn();
  SayCut(1, 6);
  EXPECT_EQ(driver_.StatusOf(job).state(), v1::JOB_STATE_FAILED);
}

TEST_F(SessionEvents, AFailedJobEndsOnItsWorkersAndIsClearedAwayOnce) {
  driver_.Submit(MapAndReducePlan());
  EndTurn();
  session_->TakeSent();
  Report(1, v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("job end 1", "ack 1"));
  EXPECT_EQ(outputs_.abandons, 1);
  EXPECT_EQ(driver_.StatusOf(JobId(1)).message(),
            "map task 0 failed once, last on worker host:1: boom (split [0, 10))");
}

TEST_F(SessionEvents, AWorkerThatStillHoldsAJobThatEndedIsToldWhenItComesBack) {
  driver_.Submit(MapAndReducePlan());
  driver_.Step(CancelJob{JobId(1), "enough"});
  EndTurn();
  // The stream broke before the end arrived, and the worker is back before anyone noticed.
  const auto again = std::make_shared<FakeSession>();
  v1::Register registration = Registration();
  registration.add_jobs(1);
  OnRegister(driver_, again, registration);
  EndTurn();
  EXPECT_THAT(again->TakeSent(), ElementsAre("registered 1", "job end 1"));
  EXPECT_TRUE(session_->closed().has_value());
}

TEST_F(SessionEvents, AReportThatHoldsTooMuchFailsItsAttemptAndTheSessionLives) {
  driver_.Submit(MapAndReducePlan());
  EndTurn();
  session_->TakeSent();
  v1::WorkerMessage message;
  v1::TaskReport* report = message.mutable_reports()->add_reports();
  report->set_attempt(1);
  report->set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  for (int i = 0; i <= 10'100; ++i) report->add_counters()->set_name(std::to_string(i));
  Say(message);
  EXPECT_THAT(session_->TakeSent(), ElementsAre("job end 1", "ack 1"));
  EXPECT_FALSE(session_->closed().has_value());
  EXPECT_THAT(std::string(driver_.StatusOf(JobId(1)).message()),
              HasSubstr("the job made more than 10000 counters; count fewer names"));
}

TEST_F(SessionEvents, ASecondRegistrationEndsTheSession) {
  v1::WorkerMessage message;
  *message.mutable_register_() = Registration();
  Say(message);
  EXPECT_TRUE(session_->closed().has_value());
}

TEST_F(SessionEvents, AWorkerThatSaysGoodbyeIsGone) {
  v1::WorkerMessage message;
  message.mutable_goodbye();
  Say(message);
  EXPECT_THAT(driver_.core().workers(), IsEmpty());
  EXPECT_TRUE(session_->closed().has_value());
}

TEST(CheckRegister, RefusesAnotherVersionAndNonsense) {
  EXPECT_TRUE(CheckRegister(Registration(), "1.0").ok());
  EXPECT_EQ(CheckRegister(Registration(), "1.1").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckRegister(Registration(0), "1.0").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckRegister(Registration(10'001), "1.0").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckRegister({}, "1.0").code(), absl::StatusCode::kInvalidArgument);
}

// The message of the failure that the report is taken for; empty if it is a success.
std::string Refusal(const v1::TaskReport& report) {
  const Event event = ReportEvent(WorkerId(1), report);
  const auto* failed = std::get_if<AttemptFailed>(&event);
  if (failed == nullptr) return "";
  EXPECT_EQ(failed->cause, AttemptFailed::Cause::kUser);
  return failed->message;
}

TEST(ReportEvent, AResultOrANameThatIsTooLongIsAFailure) {
  v1::TaskReport report;
  report.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  report.set_result(std::string(64 << 10, 'x'));
  EXPECT_EQ(Refusal(report), "");
  report.mutable_result()->push_back('x');
  EXPECT_THAT(Refusal(report), HasSubstr("more than the 64 KiB allowed"));
  report.clear_result();
  report.add_counters()->set_name(std::string(257, 'x'));
  EXPECT_THAT(Refusal(report), HasSubstr("more than 256 bytes"));
}

TEST(ReportEvent, AnUnknownOutcomeOrTooManyLostOutputsAreAFailure) {
  v1::TaskReport report;
  EXPECT_THAT(Refusal(report), HasSubstr("no known outcome"));
  report.set_outcome(v1::TASK_OUTCOME_FETCH_FAILED);
  for (int i = 0; i <= 1'000'000; ++i) report.add_lost_outputs();
  EXPECT_THAT(Refusal(report), HasSubstr("more than 1000000 map outputs"));
}

TEST(ReportEvent, CutsALongMessageBetweenCharacters) {
  v1::TaskReport report;
  report.set_outcome(v1::TASK_OUTCOME_FAILED);
  std::string message = "x";
  while (message.size() < (20 << 10)) message += "é";
  report.set_message(message);
  const Event event = ReportEvent(WorkerId(1), report);
  const std::string& cut = std::get<AttemptFailed>(event).message;
  EXPECT_LT(cut.size(), 17 << 10);
  EXPECT_TRUE(cut.ends_with("é…"));
}

TEST_F(SessionEvents, TasksThatTogetherMakeTooManyCountersFailTheirJob) {
  const JobId job = driver_.Submit(MapAndReducePlan());
  EndTurn();
  for (std::uint64_t attempt = 1; attempt <= 2; ++attempt) {
    EXPECT_EQ(driver_.StatusOf(job).state(), v1::JOB_STATE_RUNNING);
    v1::WorkerMessage message;
    v1::TaskReport* report = message.mutable_reports()->add_reports();
    report->set_attempt(attempt);
    report->set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
    for (int i = 0; i < 6'000; ++i) {
      report->add_counters()->set_name(fmt::format("of attempt {}: {}", attempt, i));
    }
    Say(message);
  }
  EXPECT_EQ(driver_.StatusOf(job).state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(driver_.StatusOf(job).message(), HasSubstr("more than 10000 counters"));
  EXPECT_EQ(driver_.core().job(job)->counters.size(), 6'000u);
}

}  // namespace
}  // namespace gristmill::coordinator
