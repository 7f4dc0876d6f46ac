// The coordinator as clients and workers see it: real services on a loopback port.
#include "coordinator/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "client/client.h"
#include "coordinator/rpc/fake_worker.h"
#include "coordinator/test_jobs.h"
#include "storage/output_directory.h"
#include "storage/test_directory.h"

namespace gristmill::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const bool kRegistered = RegisterTestJobs();

class CoordinatorServer : public ::testing::Test {
 protected:
  CoordinatorServer() { StartServer(); }

  void StartServer() {
    ServerOptions options;
    options.listen = "127.0.0.1:" + std::to_string(port_);
    options.journal_path = temp_.path("journal");
    options.keep_jobs = keep_jobs_;
    options.keep_tasks = keep_tasks_;
    options.running_jobs = running_jobs_;
    options.queued_jobs = queued_jobs_;
    options.unfinished_tasks = unfinished_tasks_;
    auto started = Server::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    port_ = server_->port();
    client_ = std::make_unique<Client>("127.0.0.1:" + std::to_string(port_));
  }
  void StopServer() {
    server_->Shutdown();
    server_.reset();
  }

  // Two map tasks over integers, one partition.
  v1::JobRequest Request(const std::string& output = "out") const {
    v1::JobRequest request;
    request.set_job("test-range");
    request.set_output(temp_.path(output));
    request.set_splits(2);
    request.set_partitions(1);
    request.set_max_attempts(2);
    return request;
  }
  std::uint64_t Submit(const v1::JobRequest& request) {
    const auto job = client_->Submit(request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.value_or(0);
  }
  v1::JobStatus AwaitEnd(std::uint64_t job) {
    const auto status = client_->Watch(job, [](const v1::JobStatus&) { return true; });
    EXPECT_TRUE(status.ok()) << status.status();
    return status.value_or(v1::JobStatus());
  }
  // Writes what a reduce attempt would and reports it.
  void Reduce(FakeWorker& worker, const std::string& output, const v1::TaskAssignment& task) {
    for (const auto& staging :
         std::filesystem::directory_iterator(temp_.path(output + "/_temporary"))) {
      std::ofstream(AttemptFilePath(staging.path(), task.id().task(), 1, AttemptId(task.attempt())))
          << "done\n";
    }
    worker.Succeed(task.attempt());
  }

  TestDirectory temp_;
  std::uint64_t keep_jobs_ = 100, keep_tasks_ = 100;
  std::uint64_t running_jobs_ = 10, queued_jobs_ = 10, unfinished_tasks_ = 1'000;
  int port_ = 0;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(CoordinatorServer, TakesAJobFromSubmitToItsCommittedOutput) {
  FakeWorker worker(port_);
  EXPECT_TRUE(worker.Join().forget_everything());
  const std::uint64_t job = Submit(Request());

  const v1::CoordinatorMessage start = worker.Next();
  EXPECT_EQ(start.job_start().job(), job);
  EXPECT_EQ(start.job_start().plan().stages_size(), 2);
  const v1::CoordinatorMessage maps = worker.Next();
  ASSERT_EQ(maps.assign().assignments_size(), 2);
  EXPECT_EQ(maps.assign().assignments(1).split().range_begin(), 500);
  EXPECT_EQ(maps.assign().assignments(1).split().range_end(), 1'000);
  worker.Succeed(maps.assign().assignments(0).attempt());
  worker.Succeed(maps.assign().assignments(1).attempt());

  const auto sources = worker.NextThat([](const auto& m) { return m.has_sources(); });
  EXPECT_THAT(sources.sources().tasks(), ElementsAre(0, 1));
  EXPECT_THAT(sources.sources().peer_indexes(), ElementsAre(0, 0));
  EXPECT_EQ(sources.sources().peers(0).spill_directory(), "/spill");
  Reduce(worker, "out", worker.NextAssignment());

  const v1::JobStatus end = AwaitEnd(job);
  EXPECT_EQ(end.state(), v1::JOB_STATE_SUCCEEDED) << end.message();
  EXPECT_EQ(end.stages(0).tasks_succeeded(), 2);
  EXPECT_GT(end.finished_unix_ms(), 0);
  EXPECT_TRUE(std::filesystem::exists(temp_.path("out/_SUCCESS")));
  EXPECT_TRUE(std::filesystem::exists(temp_.path("out/part-00000-of-00001")));
  EXPECT_EQ(worker.NextThat([](const auto& m) { return m.has_job_end(); }).job_end().jobs(0), job);
  const auto counters = client_->Counters(job);
  ASSERT_TRUE(counters.ok());
  EXPECT_EQ(counters->counters(0).value(), 30);
}

TEST_F(CoordinatorServer, ARepeatedRequestIdReturnsTheFirstJobAlsoAfterARestart) {
  v1::JobRequest request = Request();
  request.set_request_id("the same");
  const std::uint64_t job = Submit(request);
  EXPECT_EQ(Submit(request), job);
  StopServer();
  StartServer();
  EXPECT_EQ(Submit(request), job);
  EXPECT_EQ(client_->List()->size(), 1);
}

TEST_F(CoordinatorServer, ConcurrentSubmissionsOfOneRequestIdMakeOneJob) {
  v1::JobRequest request = Request();
  request.set_request_id("the same");
  std::vector<std::uint64_t> jobs(4);
  std::vector<std::thread> clients;
  for (std::uint64_t& job : jobs) {
    clients.emplace_back([&] { job = client_->Submit(request).value_or(0); });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_THAT(jobs, ElementsAre(1, 1, 1, 1));
}

TEST_F(CoordinatorServer, SaysWhatItHasForgottenOfJobsThatEnded) {
  StopServer();
  keep_jobs_ = 2;
  keep_tasks_ = 3;  // of one job
  StartServer();
  std::vector<std::uint64_t> jobs;
  for (const std::string id : {"first", "second", "third"}) {
    v1::JobRequest request = Request(id);
    request.set_request_id(id);
    jobs.push_back(Submit(request));
    ASSERT_TRUE(client_->Cancel(jobs.back()).ok());
  }
  FakeWorker(port_).Join();  // the event that follows the ends
  const auto tasks_of = [&](std::uint64_t job) {
    v1::TasksRequest request;
    request.set_job(job);
    return client_->Tasks(request).status();
  };
  for (const char* when : {"before", "after"}) {
    SCOPED_TRACE(std::string(when) + " the restart");
    EXPECT_TRUE(tasks_of(jobs[2]).ok()) << tasks_of(jobs[2]);
    EXPECT_EQ(tasks_of(jobs[1]).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(tasks_of(jobs[1]).message()), HasSubstr("--keep-tasks"));
    EXPECT_EQ(client_->Get(jobs[1])->stages(0).tasks_total(), 2);
    EXPECT_EQ(client_->Get(jobs[0]).status().code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(client_->Get(jobs[0]).status().message()), HasSubstr("--keep-jobs"));
    EXPECT_EQ(client_->List()->size(), 2u);
    StopServer();
    StartServer();
  }
  v1::JobRequest again = Request("second");
  again.set_request_id("second");
  EXPECT_EQ(Submit(again), jobs[1]) << "its request id is remembered as long as the job is";
  again = Request("first");
  again.set_request_id("first");
  EXPECT_EQ(Submit(again), jobs[2] + 1) << "an id is not used twice";
}

TEST_F(CoordinatorServer, RefusesASecondUnfinishedJobWithTheSameOutput) {
  const std::uint64_t job = Submit(Request());
  v1::JobRequest second = Request();
  second.set_output(second.output() + "/../out/");
  second.set_overwrite(true);
  const auto refused = client_->Submit(second);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("job " + std::to_string(job) + " is running"));
  std::filesystem::create_directory_symlink(temp_.path("out"), temp_.path("alias"));
  second.set_output(temp_.path("alias"));
  const auto alias = client_->Submit(second);
  EXPECT_EQ(alias.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(alias.status().message()),
              HasSubstr("job " + std::to_string(job) + " of the coordinator"));
  ASSERT_TRUE(client_->Cancel(job).ok());
  EXPECT_EQ(AwaitEnd(job).state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(CoordinatorServer, RefusesAMisspeltJobWithTheNearestName) {
  v1::JobRequest request = Request();
  request.set_job("test-rang");
  const auto refused = client_->Submit(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("'test-range'"));
}

TEST_F(CoordinatorServer, CancelStopsTheAttemptsAndClearsTheOutputAway) {
  FakeWorker worker(port_);
  worker.Join();
  const std::uint64_t job = Submit(Request());
  const std::uint64_t first = worker.NextAssignment().attempt();
  const std::uint64_t second = worker.NextAssignment().attempt();
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
  worker.Join();
  const std::uint64_t job = Submit(Request());
  const std::uint64_t first = worker.NextAssignment().attempt();
  const std::uint64_t second = worker.NextAssignment().attempt();
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
  EXPECT_THAT(seen->kept_ms(), testing::AllOf(testing::Gt(0u), testing::Le(60'000u)));
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

TEST_F(CoordinatorServer, GoesOnAfterARestartWithoutRunningAnythingAgain) {
  FakeWorker worker(port_);
  worker.Join();
  const std::uint64_t job = Submit(Request());
  const std::uint64_t first = worker.NextAssignment().attempt();
  const std::uint64_t second = worker.NextAssignment().attempt();
  worker.Succeed(first);
  EXPECT_THAT(worker.NextThat([](const auto& m) { return m.has_ack(); }).ack().attempts(),
              ElementsAre(first));
  StopServer();
  EXPECT_EQ(worker.Ending().error_code(), grpc::StatusCode::UNAVAILABLE);

  StartServer();
  EXPECT_FALSE(worker.Join({second}).forget_everything());
  worker.Succeed(second);
  EXPECT_EQ(worker.NextThat([](const auto& m) { return m.has_job_start(); }).job_start().job(),
            job);
  const auto sources = worker.NextThat([](const auto& m) { return m.has_sources(); });
  EXPECT_THAT(sources.sources().attempts(), ElementsAre(first, second));
  Reduce(worker, "out", worker.NextAssignment());
  EXPECT_EQ(AwaitEnd(job).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(CoordinatorServer, TellsAWorkerThatWasAwayWhichOfItsJobsEnded) {
  FakeWorker worker(port_);
  worker.Join();
  const std::uint64_t ended = Submit(Request());
  worker.NextAssignment();
  worker.Disconnect();
  ASSERT_TRUE(client_->Cancel(ended).ok());
  v1::JobRequest other = Request();
  other.set_output(temp_.path("other"));
  const std::uint64_t live = Submit(other);
  EXPECT_FALSE(worker.Join({}, {ended, live, 99}).forget_everything());
  EXPECT_THAT(worker.NextThat([](const auto& m) { return m.has_job_end(); }).job_end().jobs(),
              ElementsAre(ended, 99));
}

TEST_F(CoordinatorServer, ARestartTellsAWorkerOfManyOldJobsInOneMessage) {
  FakeWorker worker(port_);
  worker.Join();
  StopServer();
  StartServer();
  std::vector<std::uint64_t> held(50'000);
  std::iota(held.begin(), held.end(), 1);
  EXPECT_FALSE(worker.Join({}, held).forget_everything());
  EXPECT_EQ(worker.Next().job_end().jobs_size(), 50'000);
}

TEST_F(CoordinatorServer, RefusesAWorkerOfAnotherVersionWithASentence) {
  FakeWorker worker(port_);
  v1::Register registration = worker.Registration();
  registration.set_version("0.0.9");
  worker.Connect(registration);
  const grpc::Status ending = worker.Ending();
  EXPECT_EQ(ending.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(ending.error_message(),
              AllOf(HasSubstr("runs gristmill 0.0.9"), HasSubstr("install the same version")));
}

TEST_F(CoordinatorServer, ANewerSessionOfAWorkerReplacesTheOlderOne) {
  FakeWorker worker(port_), again(port_);
  const std::uint64_t id = worker.Join().worker();
  EXPECT_EQ(again.Join().worker(), id);
  EXPECT_THAT(worker.Ending().error_message(), HasSubstr("newer session"));
  Submit(Request());
  EXPECT_EQ(again.NextAssignment().id().job(), 1);
}

TEST_F(CoordinatorServer, ListsWorkersAndTasks) {
  FakeWorker worker(port_);
  worker.Join();
  const std::uint64_t job = Submit(Request());
  worker.NextAssignment();
  const auto workers = client_->Workers();
  ASSERT_TRUE(workers.ok());
  ASSERT_EQ(workers->workers_size(), 1);
  EXPECT_EQ(workers->workers(0).name(), "host:instance-1");
  EXPECT_EQ(workers->workers(0).state(), v1::WORKER_STATE_READY);
  EXPECT_EQ(workers->workers(0).slots_used(), 2);

  v1::TasksRequest request;
  request.set_job(job);
  request.set_page_size(2);
  const auto maps = client_->Tasks(request);
  ASSERT_TRUE(maps.ok());
  ASSERT_EQ(maps->tasks_size(), 2);
  EXPECT_EQ(maps->tasks(0).state(), v1::TASK_STATE_RUNNING);
  EXPECT_EQ(maps->tasks(0).worker(), "host:instance-1");
  EXPECT_EQ(maps->tasks(0).split(), "[0, 500)");
  request.set_page_token(maps->next_page_token());
  const auto reduces = client_->Tasks(request);
  ASSERT_EQ(reduces->tasks_size(), 1);
  EXPECT_EQ(reduces->tasks(0).split(), "partition 0");
  EXPECT_EQ(reduces->next_page_token(), 0);
}

TEST_F(CoordinatorServer, AWatchOutlivesARestart) {
  const std::uint64_t job = Submit(Request());
  absl::StatusOr<v1::JobStatus> end;
  std::mutex mutex;
  std::condition_variable changed;
  int heard = 0;
  std::thread watcher([&] {
    end = client_->Watch(job, [&](const v1::JobStatus&) {
      const std::lock_guard lock(mutex);
      ++heard;
      changed.notify_all();
      return true;
    });
  });
  const auto await_heard = [&](int times) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return heard >= times; }));
  };
  await_heard(1);
  StopServer();
  Client* const watching = client_.release();
  StartServer();
  await_heard(2);
  EXPECT_TRUE(client_->Cancel(job).ok());
  watcher.join();
  delete watching;
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(CoordinatorServer, SaysThatAPortIsInUse) {
  ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(port_);
  options.journal_path = temp_.path("other-journal");
  const auto second = Server::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("can't listen on " + options.listen + ": already in use; "));
}

TEST_F(CoordinatorServer, SaysThatAnAddressIsNone) {
  ServerOptions options;
  options.listen = "nonsense";
  options.journal_path = temp_.path("other-journal");
  EXPECT_THAT(std::string(Server::Start(options).status().message()), HasSubstr("HOST:PORT"));
}

// A process whose journal can't grow any more.
void SubmitWithAFullJournal(const std::string& directory) {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.journal_path = directory + "/journal";
  const auto server = Server::Start(options);
  Client client("127.0.0.1:" + std::to_string((*server)->port()));
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1'024, 1'024};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  v1::JobRequest request;
  request.set_job("test-range");
  request.set_output(directory + "/out");
  const auto job = client.Submit(request);
  std::exit(job.ok() ? 3 : 4);  // the coordinator ended the process before it answered
}

TEST(CoordinatorJournal, ACoordinatorThatCanNotWriteItsJournalEndsRatherThanActs) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  // The child process runs this test from the start: it takes its parent's directory.
  constexpr char kVariable[] = "GRISTMILL_TEST_DIRECTORY";
  std::optional<TestDirectory> temp;
  if (std::getenv(kVariable) == nullptr) ::setenv(kVariable, temp.emplace().path("").c_str(), 1);
  EXPECT_EXIT(SubmitWithAFullJournal(std::getenv(kVariable)), ::testing::ExitedWithCode(1),
              "can't write its journal");
  ::unsetenv(kVariable);
}

}  // namespace
}  // namespace gristmill::coordinator
