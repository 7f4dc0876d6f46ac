// What a coordinator knows after it replayed a snapshot is what it knew before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "coordinator/rpc/driver.h"
#include "coordinator/rpc/status_view.h"

namespace gristmill::coordinator {
namespace {

using ::testing::HasSubstr;

class NoOutputs final : public OutputPort {
  void Reclaim(JobId job, Plan plan) override {}
  void Commit(JobId job, Plan plan, Finished finished) override {}
  void Abandon(Plan plan) override {}
};

std::shared_ptr<const v1::JobPlan> PlanOf(const std::string& request_id, std::uint32_t maps) {
  auto plan = std::make_shared<v1::JobPlan>();
  plan->mutable_request()->set_job("job");
  plan->mutable_request()->set_output("/out");
  plan->mutable_request()->set_max_attempts(3);
  plan->mutable_request()->set_request_id(request_id);
  plan->mutable_request()->set_split_bytes(100);
  plan->add_inputs()->set_format(v1::INPUT_FORMAT_TEXT_LINES);
  v1::InputFile& file = *plan->mutable_inputs(0)->add_files();
  file.set_path("/in/text");
  file.set_bytes(100 * maps);
  plan->set_staging_directory("/out/_temporary/t");
  v1::StagePlan* map = plan->add_stages();
  map->set_kind(v1::STAGE_KIND_MAP);
  map->set_task_count(maps);
  v1::StagePlan* reduce = plan->add_stages();
  reduce->set_kind(v1::STAGE_KIND_REDUCE);
  reduce->set_task_count(2);
  reduce->add_inputs()->set_kind(v1::EDGE_KIND_SHUFFLE);
  return plan;
}

class DriverSnapshot : public ::testing::Test {
 protected:
  DriverSnapshot() { driver_.BeginTurn({1'000}, 1'700'000'000'000); }

  void Step(const Event& event) {
    driver_.Step(event);
    for (const v1::JournalRecord& record : driver_.TakeRecords()) {
      if (!record.has_attempt_assigned()) continue;
      newest_[WorkerId(record.attempt_assigned().worker())] =
          AttemptId(record.attempt_assigned().attempt());
    }
    driver_.Speak();
  }
  void Join(const std::string& name, std::uint32_t slots) {
    Step(WorkerRegistered{name, name, {slots}, "host:1", "/spill", {}});
  }
  JobId Submit(const std::string& request_id, std::uint32_t maps) {
    const JobId job = driver_.Submit(PlanOf(request_id, maps));
    Step(Tick{});
    return job;
  }
  // The only attempt of the worker that has one slot.
  void Succeed(std::uint64_t worker) {
    Step(AttemptSucceeded{WorkerId(worker), newest_.at(WorkerId(worker)), {{"words", 3}}, {}});
  }
  void Fail(std::uint64_t worker) {
    Step(AttemptFailed{
        WorkerId(worker), newest_.at(WorkerId(worker)), AttemptFailed::Cause::kUser, "boom", {}});
  }

  std::unique_ptr<Driver> Restored() {
    auto restored = std::make_unique<Driver>(options_, &outputs_);
    EXPECT_TRUE(driver_
                    .Snapshot([&](const v1::JournalRecord& record) {
                      // As it comes out of the file.
                      v1::JournalRecord read;
                      read.ParseFromString(record.SerializeAsString());
                      return restored->Replay(read);
                    })
                    .ok());
    return restored;
  }

  static std::string Answers(const Driver& driver) {
    v1::ListResponse jobs = ViewJobs(driver.core(), driver.catalog(), 1'000, driver.now());
    // What a running job waits for depends on which workers are connected.
    for (v1::JobStatus& job : *jobs.mutable_jobs()) {
      if (job.state() == v1::JOB_STATE_RUNNING) job.clear_message();
      job.clear_kept_ms();  // not journaled
    }
    std::string text = jobs.DebugString();
    for (const auto& [job, entry] : driver.catalog().entries()) {
      text += ViewCounters(driver.core().job(job).value()).DebugString();
      if (driver.core().job(job)->tasks_forgotten) continue;
      v1::TasksRequest request;
      request.set_job(job.value());
      v1::TasksResponse tasks = ViewTasks(driver.core(), driver.catalog(), JobInsight(), request);
      for (v1::TaskStatus& task : *tasks.mutable_tasks()) {  // not journaled
        task.clear_started_unix_ms();
        task.clear_run_ms();
      }
      text += tasks.DebugString();
    }
    return text;
  }

  void ExpectTheSame(const Driver& restored) {
    EXPECT_EQ(restored.core().Fingerprint(), driver_.core().Fingerprint());
    EXPECT_EQ(Answers(restored), Answers(driver_));
  }

  Driver::Options options_{.limits = {.ended_tasks_max = 6}};
  NoOutputs outputs_;
  Driver driver_{options_, &outputs_};
  std::map<WorkerId, AttemptId> newest_;
};

TEST_F(DriverSnapshot, AnswersEveryQueryAsBefore) {
  Join("gone", 1);
  const JobId failed = Submit("first", 3);
  Succeed(1);
  Step(WorkerLeft{WorkerId(1)});
  Join("stays", 1);
  for (int i = 0; i < 3; ++i) Fail(2);
  ASSERT_THAT(driver_.StatusOf(failed).message(), HasSubstr("(split /in/text:"));
  const JobId cancelled = Submit("second", 2);
  Step(CancelJob{cancelled, "enough"});
  Submit("third", 2);
  Succeed(2);

  const auto restored = Restored();
  ExpectTheSame(*restored);
  EXPECT_EQ(restored->catalog().FindRequest("first"), failed);
  EXPECT_EQ(restored->catalog().JobOf(newest_.at(WorkerId(2))), JobId(3));
  EXPECT_EQ(restored->catalog().FindOutput("/out"), JobId(3)) << "the running job has its output";
}

TEST_F(DriverSnapshot, ASuspendedJobKeepsItsOutputAndItsReason) {
  Join("w", 1);
  const JobId job = Submit("first", 3);
  Succeed(1);
  Step(SuspendJob{job, "not now"});
  const auto restored = Restored();
  ExpectTheSame(*restored);
  EXPECT_EQ(restored->StatusOf(job).state(), v1::JOB_STATE_SUSPENDED);
  EXPECT_EQ(restored->StatusOf(job).message(), "not now");
  EXPECT_EQ(restored->catalog().FindOutput("/out"), job);
  Step(ResumeJob{job});
  ExpectTheSame(*Restored());
}

TEST_F(DriverSnapshot, AJobWithoutTasksKeepsItsSummary) {
  Join("w", 1);
  const JobId job = Submit("first", 7);
  Succeed(1);
  Step(CancelJob{job, "enough"});
  Step(Tick{});
  ASSERT_TRUE(driver_.core().job(job)->tasks_forgotten);
  EXPECT_EQ(driver_.catalog().Find(job)->plan->inputs_size(), 0);
  const auto restored = Restored();
  ExpectTheSame(*restored);
  EXPECT_EQ(restored->StatusOf(job).input_bytes(), 700u);
  EXPECT_EQ(restored->StatusOf(job).stages(0).tasks_succeeded(), 1u);
  EXPECT_EQ(restored->catalog().FindRequest("first"), job);
}

TEST_F(DriverSnapshot, ForgetsTheNamesOfWorkersThatNoTaskNames) {
  Join("gone", 1);
  Step(WorkerLeft{WorkerId(1)});
  Join("there", 1);
  EXPECT_EQ(Restored()->catalog().WorkerName(WorkerId(2)), "there");
  EXPECT_EQ(driver_.catalog().WorkerName(WorkerId(1)), "");
}

TEST_F(DriverSnapshot, GoesOnAsTheOriginalWould) {
  std::mt19937 random(7);
  for (std::uint32_t i = 1; i <= 6; ++i) Join("w" + std::to_string(i), 1);
  for (int job = 0; job < 3; ++job) Submit(std::to_string(job), 5);
  for (int i = 0; i < 60; ++i) {
    const std::uint64_t worker = 1 + random() % 6;
    if (random() % 4 == 0) {
      Fail(worker);
    } else {
      Succeed(worker);
    }
    if (i % 20 == 10) Step(WorkerRegistered{"w1", "w1", {1}, "host:1", "/spill", {}});
    ExpectTheSame(*Restored());
  }
}

}  // namespace
}  // namespace gristmill::coordinator
