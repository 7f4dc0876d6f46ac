// Jobs that wait, fail, are suspended or cancelled, as clients and workers see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "coordinator/rpc/coordinator_server_fixture.h"

namespace gristmill::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(CoordinatorServer, CancelStopsTheAttemptsAndClearsTheOutputAway) {
  FakeWorker worker(port_);
  const auto [job, first, second] = StartMaps(worker);
  const auto cancelled = client_->Cancel(job);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::JOB_STATE_CANCELLED);
  EXPECT_THAT(worker.NextThat([](const auto& m) { return m.has_cancel(); }).cancel().attempts(),
              ElementsAre(first, second));
  EXPECT_EQ(worker.Next().job_end().jobs(0), job);
  EXPECT_EQ(client_->Cancel(job).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(client_->Cancel(99).status().code(), absl::StatusCode::kNotFound);
  StopServer();  // the clean-up is done before it ends
  EXPECT_FALSE(std::filesystem::exists(temp_.path("out")));
}

TEST_F(CoordinatorServer, ASuspendedJobKeepsWhatIsDoneAndGoesOnAlsoAfterARestart) {
  FakeWorker worker(port_);
  const auto [job, first, second] = StartMaps(worker);
  worker.Succeed(first);
  worker.NextThat([](const auto& m) { return m.has_ack(); });
  EXPECT_EQ(client_->Resume(job).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto suspended = client_->Suspend(job);
  ASSERT_TRUE(suspended.ok()) << suspended.status();
  EXPECT_EQ(suspended->state(), v1::JOB_STATE_SUSPENDED);
  EXPECT_EQ(suspended->message(), "a user suspended it");
  EXPECT_EQ(suspended->kept_ms(), 24 * 3'600'000u);
  EXPECT_THAT(worker.NextThat([](const auto& m) { return m.has_cancel(); }).cancel().attempts(),
              ElementsAre(second));
  EXPECT_THAT(std::string(client_->Suspend(job).status().message()), HasSubstr("already"));
  const auto refused = client_->Submit(Request());
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("is suspended and is to write"));
  StopServer();
  EXPECT_EQ(worker.Ending().error_code(), grpc::StatusCode::UNAVAILABLE);

  StartServer();
  EXPECT_EQ(client_->Get(job)->message(), "a user suspended it");
  EXPECT_FALSE(worker.Join({}, {job}).forget_everything());
  ASSERT_TRUE(client_->Resume(job).ok());
  const v1::TaskAssignment again = worker.NextAssignment();
  EXPECT_EQ(again.id().task(), 1u) << "nothing finished runs again";
  worker.Succeed(again.attempt());
  Reduce(worker, "out", worker.NextAssignment());
  EXPECT_EQ(AwaitEnd(job).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(client_->Suspend(job).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CoordinatorServer, AJobThatIsHeldIsSuspendedWithTheWordsOfItsFailure) {
  FakeWorker worker(port_);
  worker.Join();
  v1::JobRequest request = Request();
  request.set_max_attempts(1);
  request.set_hold_ms(60'000);
  const std::uint64_t job = Submit(request);
  worker.NextAssignment();
  worker.Fail(worker.NextAssignment().attempt(), "the number is odd");
  const auto seen = client_->Watch(
      job, [](const v1::JobStatus& now) { return now.state() != v1::JOB_STATE_SUSPENDED; });
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->message(),
            "map task 1 failed once, last on worker host:instance-1: the number is odd (split "
            "[500, 1000))");
  EXPECT_THAT(seen->kept_ms(), AllOf(testing::Gt(0u), testing::Le(60'000u)));
  v1::TasksRequest tasks;
  tasks.set_job(job);
  EXPECT_EQ(client_->Tasks(tasks)->tasks(1).state(), v1::TASK_STATE_FAILED) << "for replay";
  ASSERT_TRUE(client_->Cancel(job).ok());
  StopServer();  // the clean-up is done before it ends
  EXPECT_FALSE(std::filesystem::exists(temp_.path("out")));
}

TEST_F(CoordinatorServer, AJobThatNobodyResumesSaysSoAndWhyItWasSuspended) {
  FakeWorker worker(port_);
  worker.Join();
  v1::JobRequest request = Request();
  request.set_max_attempts(1);
  request.set_hold_ms(50);
  const std::uint64_t job = Submit(request);
  worker.NextAssignment();
  worker.Fail(worker.NextAssignment().attempt(), "the number is odd");
  EXPECT_EQ(AwaitEnd(job).message(),
            "nobody resumed it within 50 ms: map task 1 failed once, last on worker "
            "host:instance-1: the number is odd (split [500, 1000))");
}

TEST_F(CoordinatorServer, AFailedJobNamesTaskWorkerAndSplitAlsoAfterARestart) {
  FakeWorker worker(port_);
  worker.Join();
  const std::uint64_t job = Submit(Request());
  for (int failures = 0; failures < 2;) {
    const v1::TaskAssignment task = worker.NextAssignment();
    if (task.id().task() != 1) continue;
    worker.Fail(task.attempt(), "the number is odd");
    ++failures;
  }
  const std::string expected =
      "map task 1 failed 2 times, last on worker host:instance-1: the number is odd "
      "(split [500, 1000))";
  EXPECT_EQ(AwaitEnd(job).message(), expected);
  StopServer();
  StartServer();
  EXPECT_EQ(client_->Get(job)->message(), expected);

  v1::TasksRequest request;
  request.set_job(job);
  const v1::TasksResponse tasks = client_->Tasks(request).value();
  ASSERT_EQ(tasks.tasks_size(), 3);
  EXPECT_EQ(tasks.tasks(0).state(), v1::TASK_STATE_CANCELLED);  // it ran when the job failed
  EXPECT_EQ(tasks.tasks(1).state(), v1::TASK_STATE_FAILED);
  EXPECT_EQ(tasks.tasks(1).failures(), 2);
  EXPECT_EQ(tasks.tasks(1).stage_kind(), v1::STAGE_KIND_MAP);
  EXPECT_EQ(tasks.tasks(2).state(), v1::TASK_STATE_CANCELLED);
  EXPECT_EQ(tasks.tasks(2).stage_kind(), v1::STAGE_KIND_REDUCE);
}

TEST_F(CoordinatorServer, JobsBeyondThoseThatMayRunWaitAndStartInOrderAlsoAfterARestart) {
  StopServer();
  running_jobs_ = 1;
  queued_jobs_ = 2;
  StartServer();
  const std::uint64_t first = Submit(Request("first"));
  const std::uint64_t second = Submit(Request("second"));
  const std::uint64_t third = Submit(Request("third"));
  EXPECT_EQ(client_->Get(first)->state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(client_->Get(second)->message(), "queued behind 1 job");
  const auto refused = client_->Submit(Request("fourth"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("has 1 running and 2 waiting jobs"), HasSubstr("--queued-jobs")));
  EXPECT_FALSE(std::filesystem::exists(temp_.path("fourth")));

  StopServer();
  StartServer();
  const auto waits = client_->Get(third);
  EXPECT_EQ(waits->state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(waits->message(), "queued behind 2 jobs");
  EXPECT_EQ(waits->jobs_ahead(), 2);
  ASSERT_TRUE(client_->Cancel(second).ok());
  EXPECT_EQ(client_->Get(second)->state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(client_->Get(third)->message(), "queued behind 1 job");
  // Who watches it hears that it runs.
  const auto seen = client_->Watch(third, [&](const v1::JobStatus& status) {
    if (status.state() != v1::JOB_STATE_QUEUED) return false;
    EXPECT_TRUE(client_->Cancel(first).ok() || status.jobs_ahead() == 0);
    return true;
  });
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->state(), v1::JOB_STATE_RUNNING);
}

TEST_F(CoordinatorServer, AJobWithMoreTasksThanThereIsRoomForIsRefusedAndLeavesNothing) {
  v1::JobRequest large = Request("large");
  large.set_splits(900);
  const std::uint64_t job = Submit(large);
  v1::JobRequest larger = Request("larger");
  larger.set_splits(200);
  const auto refused = client_->Submit(larger);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(
      std::string(refused.status().message()),
      AllOf(HasSubstr("have 901 tasks, and with the 201 of this one"), HasSubstr("--split-size")));
  ASSERT_TRUE(client_->Cancel(job).ok());
  larger.set_output(temp_.path("another"));
  Submit(larger);
  StopServer();  // the clean-up is done before it ends
  EXPECT_FALSE(std::filesystem::exists(temp_.path("larger")));
}

}  // namespace
}  // namespace gristmill::coordinator
