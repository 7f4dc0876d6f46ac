// A whole worker with real runner processes; the test plays the coordinator. The runners are this
// test program itself.
#include "worker/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>

#include "base/status.h"
#include "gristmill/job.h"
#include "storage/test_directory.h"
#include "worker/pipeline/task_executor.h"
#include "worker/rpc/fake_coordinator.h"

namespace gristmill::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Sums the integers of its ranges, and misbehaves on request.
class Adder {
 public:
  static constexpr std::string_view kName = "adder";
  static constexpr std::string_view kSummary = "adds up integers; misbehaves on request";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) {
    params.Add("deed", &deed_, "what to do instead of adding");
    params.Add("marker", &marker_, "a file made when a loop begins");
  }
  InputSpec Input() const {
    return {.format = InputFormat::kIntegerRange, .record_bytes = 0, .range = {0, 1'000}};
  }
  void Map(IntegerRange range, Emitter<Adder>& out) {
    if (deed_ == "crash") Crash();
    if (deed_ == "exit") std::_Exit(3);
    if (deed_ == "loop") LoopForEver();
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      out.Emit("sum", static_cast<std::uint64_t>(i));
    }
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  [[noreturn]] static void Crash() {
    std::fprintf(stderr, "about to crash\n");
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    std::abort();
  }
  [[noreturn]] void LoopForEver() {
    std::ofstream(marker_) << "looping";
    for (;;) spins_ = spins_ + 1;
  }

  std::string deed_, marker_;
  volatile std::uint64_t spins_ = 0;
};
GRISTMILL_JOB(Adder);

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() { fs::create_directories(root_ + "/out"); }

  WorkerOptions Options() {
    WorkerOptions options;
    options.coordinator = coordinator_.address();
    options.listen = "127.0.0.1:0";
    options.directory = root_ + "/spill";
    options.slots = 2;
    return options;
  }
  void Start(const WorkerOptions& options) {
    auto worker = Worker::Start(options);
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = *std::move(worker);
  }
  v1::Register AwaitRegister() {
    const auto message = coordinator_.Await([](const auto& m) { return m.has_register_(); });
    EXPECT_TRUE(message.has_value());
    return message ? message->register_() : v1::Register();
  }
  void Accept(bool forget = false) {
    v1::CoordinatorMessage message;
    v1::Registered& registered = *message.mutable_registered();
    registered.set_worker(1);
    registered.set_heartbeat_ms(50);
    registered.set_lease_ms(10'000);
    registered.set_forget_everything(forget);
    coordinator_.Send(message);
  }
  void StartAndRegister() {
    Start(Options());
    register_ = AwaitRegister();
    Accept();
  }

  // Job 7: two map tasks over 0..999, one reduce task.
  void StartJob(const std::string& deed = "") {
    v1::CoordinatorMessage message;
    message.mutable_job_start()->set_job(7);
    v1::JobPlan& plan = *message.mutable_job_start()->mutable_plan();
    plan.mutable_request()->set_job("adder");
    plan.mutable_request()->set_memory_bytes(256 << 20);
    if (!deed.empty()) (*plan.mutable_request()->mutable_params())["deed"] = deed;
    (*plan.mutable_request()->mutable_params())["marker"] = root_ + "/marker";
    plan.add_inputs()->set_format(v1::INPUT_FORMAT_INTEGER_RANGE);
    plan.set_output_format(v1::OUTPUT_FORMAT_TEXT);
    plan.mutable_inputs(0)->set_range_end(1'000);
    plan.set_output_files(1);
    plan.set_staging_directory(root_ + "/out");
    v1::StagePlan& map = *plan.add_stages();
    map.set_kind(v1::STAGE_KIND_MAP);
    map.set_task_count(2);
    v1::StagePlan& reduce = *plan.add_stages();
    reduce.set_kind(v1::STAGE_KIND_REDUCE);
    reduce.set_task_count(1);
    v1::StageEdge& edge = *reduce.add_inputs();
    edge.set_from_stage(0);
    edge.set_kind(v1::EDGE_KIND_SHUFFLE);
    coordinator_.Send(message);
  }
  void Assign(std::uint32_t stage, std::uint32_t task, std::uint64_t attempt) {
    v1::CoordinatorMessage message;
    v1::TaskAssignment& assignment = *message.mutable_assign()->add_assignments();
    assignment.mutable_id()->set_job(7);
    assignment.mutable_id()->set_stage(stage);
    assignment.mutable_id()->set_task(task);
    assignment.set_attempt(attempt);
    if (stage == 0) {
      assignment.mutable_split()->set_range_begin(task * 500);
      assignment.mutable_split()->set_range_end(task * 500 + 500);
    }
    coordinator_.Send(message);
  }
  // The maps' output, to be fetched over the shuffle service.
  void SendSources() {
    v1::CoordinatorMessage message;
    v1::ShuffleSources& sources = *message.mutable_sources();
    sources.set_job(7);
    sources.set_stage_tasks(2);
    sources.add_peers()->set_address(register_.shuffle_address());
    for (std::uint32_t task = 0; task < 2; ++task) {
      sources.add_tasks(task);
      sources.add_attempts(20 + task);
      sources.add_peer_indexes(0);
    }
    coordinator_.Send(message);
  }
  v1::TaskReport AwaitReport() {
    if (reports_.empty()) {
      const auto message = coordinator_.Await([](const auto& m) { return m.has_reports(); });
      if (message)
        reports_.assign(message->reports().reports().begin(), message->reports().reports().end());
    }
    if (reports_.empty()) {
      ADD_FAILURE() << "no report came";
      return {};
    }
    v1::TaskReport report = std::move(reports_.front());
    reports_.pop_front();
    return report;
  }
  void Acknowledge(std::uint64_t attempt) {
    v1::CoordinatorMessage message;
    message.mutable_ack()->add_attempts(attempt);
    coordinator_.Send(message);
  }
  void Cancel(std::uint64_t attempt) {
    v1::CoordinatorMessage message;
    message.mutable_cancel()->add_attempts(attempt);
    coordinator_.Send(message);
  }
  // The user code of a looping job runs, and the heartbeats say so.
  void AwaitLoop(std::uint64_t attempt) {
    EXPECT_TRUE(coordinator_.Await([&](const v1::WorkerMessage& message) {
      const auto& running = message.heartbeat().progress();
      return running.size() == 1 && running[0].attempt() == attempt &&
             fs::exists(root_ + "/marker");
    }));
  }

  const TestDirectory directory_;
  const std::string root_ = directory_.path();
  FakeCoordinator coordinator_;
  std::unique_ptr<Worker> worker_;
  v1::Register register_;
  std::deque<v1::TaskReport> reports_;  // that came in one message
};

TEST_F(WorkerTest, RunsAJobFromMapOverTheShuffleServiceToItsOutput) {
  StartAndRegister();
  EXPECT_EQ(register_.slots(), 2u);
  EXPECT_EQ(register_.running_attempts_size(), 0);
  EXPECT_EQ(register_.instance().size(), 32u);
  EXPECT_THAT(register_.shuffle_address(), HasSubstr("127.0.0.1:"));
  StartJob();
  Assign(0, 0, 20);
  Assign(0, 1, 21);
  for (int i = 0; i < 2; ++i) {
    const v1::TaskReport report = AwaitReport();
    EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
    Acknowledge(report.attempt());
  }
  SendSources();
  Assign(1, 0, 22);
  const v1::TaskReport report = AwaitReport();
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  std::ifstream output(root_ + "/out/part-00000-of-00001.attempt-22");
  std::string line;
  EXPECT_TRUE(std::getline(output, line));
  EXPECT_EQ(line, "sum\t499500");
}

TEST_F(WorkerTest, AMapOutputThatIsGoneIsReportedAsLost) {
  StartAndRegister();
  StartJob();
  SendSources();
  Assign(1, 0, 22);
  const v1::TaskReport report = AwaitReport();
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FETCH_FAILED);
  EXPECT_EQ(report.lost_outputs_size(), 2);
}

TEST_F(WorkerTest, ACrashOfUserCodeIsReportedWithItsSignalAndTheWorkerLives) {
  StartAndRegister();
  StartJob("crash");
  for (std::uint64_t attempt = 20; attempt < 22; ++attempt) {
    Assign(0, 0, attempt);
    const v1::TaskReport report = AwaitReport();
    EXPECT_EQ(report.attempt(), attempt);
    EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
    EXPECT_EQ(report.message(),
              "the runner of job 7 was killed by signal 11 (SIGSEGV) while it ran this task; it "
              "last wrote: about to crash");
    Acknowledge(attempt);
  }
}

TEST_F(WorkerTest, AnExitOfUserCodeIsReportedWithItsStatus) {
  StartAndRegister();
  StartJob("exit");
  Assign(0, 0, 20);
  EXPECT_THAT(AwaitReport().message(), HasSubstr("exited with status 3 while it ran this task"));
}

TEST_F(WorkerTest, ACancelledEndlessLoopIsKilled) {
  StartAndRegister();
  StartJob("loop");
  Assign(0, 0, 20);
  AwaitLoop(20);
  Cancel(20);
  const v1::TaskReport report = AwaitReport();
  EXPECT_EQ(report.attempt(), 20u);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_HANDED_BACK);
}

TEST_F(WorkerTest, ReportsAreSentAgainAfterTheSessionBroke) {
  StartAndRegister();
  StartJob();
  Assign(0, 0, 20);
  EXPECT_EQ(AwaitReport().attempt(), 20u);
  coordinator_.End(grpc::Status::CANCELLED);
  const v1::Register again = AwaitRegister();
  EXPECT_EQ(again.instance(), register_.instance());
  EXPECT_THAT(again.running_attempts(), testing::ElementsAre(20));
  EXPECT_THAT(again.jobs(), testing::ElementsAre(7));
  Accept();
  const v1::TaskReport report = AwaitReport();
  EXPECT_EQ(report.attempt(), 20u);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED);
}

TEST_F(WorkerTest, TheEndOfAJobRemovesItsOutputAndForgettingRemovesAll) {
  StartAndRegister();
  StartJob();
  Assign(0, 0, 20);
  AwaitReport();
  const std::string runs = RunFilePath(register_.spill_directory(), 7, 0, 0, 20);
  EXPECT_TRUE(fs::exists(runs));
  v1::CoordinatorMessage end;
  end.mutable_job_end()->add_jobs(7);
  coordinator_.Send(end);
  const auto gone = [&](const auto&) { return !fs::exists(runs); };
  EXPECT_TRUE(coordinator_.Await(gone));
  StartJob();
  Assign(0, 0, 21);
  AwaitReport();
  EXPECT_TRUE(fs::exists(JobSpillDirectory(register_.spill_directory(), 7)));
  coordinator_.End(grpc::Status::CANCELLED);
  AwaitRegister();
  Accept(/*forget=*/true);
  coordinator_.Await([](const auto& m) { return m.has_heartbeat(); });
  EXPECT_FALSE(fs::exists(JobSpillDirectory(register_.spill_directory(), 7)));
}

TEST_F(WorkerTest, ADrainFinishesWhatRunsThenSaysGoodbyeAndLeavesNothingBehind) {
  StartAndRegister();
  StartJob();
  Assign(0, 0, 20);
  Acknowledge(AwaitReport().attempt());
  worker_->Drain();
  EXPECT_TRUE(coordinator_.Await([](const auto& m) { return m.has_drain(); }));
  Assign(0, 1, 21);
  EXPECT_EQ(AwaitReport().outcome(), v1::TASK_OUTCOME_HANDED_BACK);
  v1::CoordinatorMessage released;
  released.mutable_drain_complete();
  coordinator_.Send(released);
  EXPECT_TRUE(coordinator_.Await([](const auto& m) { return m.has_goodbye(); }));
  EXPECT_TRUE(worker_->Wait().ok());
  worker_.reset();
  EXPECT_TRUE(fs::is_empty(root_ + "/spill"));
}

TEST_F(WorkerTest, TheSecondDrainEndsAWorkerWhoseTaskNeverEnds) {
  StartAndRegister();
  StartJob("loop");
  Assign(0, 0, 20);
  AwaitLoop(20);
  worker_->Drain();
  worker_->Drain();
  EXPECT_TRUE(worker_->Wait().ok());
}

TEST_F(WorkerTest, ARefusalEndsTheWorkerWithTheCoordinatorsSentence) {
  coordinator_.End({grpc::StatusCode::FAILED_PRECONDITION, "this cluster runs 9.9"}, true);
  Start(Options());
  const absl::Status status = worker_->Wait();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(Message(status), HasSubstr("refused this worker: this cluster runs 9.9"));
}

TEST_F(WorkerTest, WithoutACoordinatorTheWorkerGivesUpWhenTold) {
  WorkerOptions options = Options();
  options.coordinator = "127.0.0.1:1";
  options.reconnect_for_ms = 300;
  Start(options);
  const absl::Status status = worker_->Wait();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(Message(status), HasSubstr("no coordinator answered at 127.0.0.1:1 for 300 ms"));
}

TEST_F(WorkerTest, TheWorkerMayOpenAsManyFilesAsTheSystemLetsIt) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max - 1, 512);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  Start(Options());
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

TEST_F(WorkerTest, ADirectoryThatCannotBeWrittenIsRefusedAtTheStart) {
  WorkerOptions options = Options();
  options.directory = "/proc/nowhere";
  EXPECT_THAT(Message(Worker::Start(options).status()),
              HasSubstr("can't use the worker directory '/proc/nowhere'"));
}

TEST_F(WorkerTest, ARunnerBinaryThatIsNotThereFailsTheTask) {
  WorkerOptions options = Options();
  options.runner_binary = "/no/such/binary";
  Start(options);
  AwaitRegister();
  Accept();
  StartJob();
  Assign(0, 0, 20);
  EXPECT_THAT(AwaitReport().message(),
              HasSubstr("the runner of job 7 could not be started: can't run '/no/such/binary"));
}

}  // namespace
}  // namespace gristmill::worker

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "runner") return gristmill::worker::RunnerMain();
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
