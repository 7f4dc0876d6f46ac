// The coordinator as clients and workers see it: real services on a loopback port.
#include "coordinator/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <numeric>
#include <thread>

#include "coordinator/rpc/coordinator_server_fixture.h"

namespace gristmill::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST_F(CoordinatorServer, GoesOnAfterARestartWithoutRunningAnythingAgain) {
  FakeWorker worker(port_);
  const auto [job, first, second] = StartMaps(worker);
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
