#include "worker/runner/runner_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill::worker {
namespace {

using testing::HasSubstr;

// Runners are shell scripts here: what counts is how they end.
class RunnerProcessesTest : public testing::Test {
 protected:
  const TestDirectory directory_;

  std::string Script(const std::string& body) {
    const std::string path = directory_.path("runner.sh");
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    chmod(path.c_str(), 0700);
    return path;
  }
  std::unique_ptr<RunnerProcesses> Use(const std::string& binary) {
    auto processes = RunnerProcesses::Create(binary, [this](RunnerDied died) {
      absl::MutexLock lock(&mutex_);
      deaths_.push_back(std::move(died));
    });
    return *std::move(processes);
  }
  RunnerDied AwaitDeath() {
    absl::MutexLock lock(&mutex_);
    const auto any = [](std::vector<RunnerDied>* deaths) { return !deaths->empty(); };
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(+any, &deaths_), absl::Seconds(30)));
    RunnerDied first = deaths_.at(0);
    deaths_.erase(deaths_.begin());
    return first;
  }

  absl::Mutex mutex_;
  std::vector<RunnerDied> deaths_;
};

// A process that a runner made, by the pid that it wrote into a named pipe.
class Descendant {
 public:
  explicit Descendant(const std::string& fifo) : fifo_(fifo) { mkfifo(fifo.c_str(), 0600); }
  // Waits until it is there.
  void Meet() {
    std::ifstream(fifo_) >> pid_;
    ASSERT_GT(pid_, 0);
    handle_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    ASSERT_TRUE(handle_.valid());
  }
  bool DiesWithin(int ms) {
    pollfd death{handle_.get(), POLLIN, 0};
    return poll(&death, 1, ms) == 1;
  }
  void Kill() { kill(pid_, SIGKILL); }

 private:
  const std::string fifo_;
  pid_t pid_ = 0;
  FileDescriptor handle_;
};

TEST_F(RunnerProcessesTest, TheOutputOfARunnerBelongsToTheJobThatItWasGivenTo) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  Descendant go(directory_.path("go"));
  const auto processes = Use(Script("read _ < " + directory_.path("go") + "; echo hello"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {}).ok());
  processes->Give(RunnerId(1), JobId(7));
  std::ofstream(directory_.path("go")) << "go\n";
  EXPECT_EQ(AwaitDeath().code, 0);
  spdlog::set_default_logger(before);
  EXPECT_THAT(log.str(), HasSubstr("runner of job 7: hello"));
}

TEST_F(RunnerProcessesTest, AnExitIsToldWithItsStatusAndTheEndOfTheOutput) {
  const auto processes = Use(Script("echo \"$1 says $WORD\"; echo oops >&2; exit 3"));
  ASSERT_TRUE(processes->Start(RunnerId(5), {.job = JobId(7), .variables = {"WORD=hello"}}).ok());
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.runner, RunnerId(5));
  EXPECT_EQ(died.how, RunnerDied::How::kExited);
  EXPECT_EQ(died.code, 3);
  EXPECT_EQ(died.last_output, "runner says hello\noops\n");
}

TEST_F(RunnerProcessesTest, ASignalIsToldAsSuch) {
  const auto processes = Use(Script("kill -SEGV $$"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.how, RunnerDied::How::kSignalled);
  EXPECT_EQ(died.code, SIGSEGV);
}

TEST_F(RunnerProcessesTest, OfEndlessOutputTheEndIsKept) {
  const auto processes =
      Use(Script("i=0; while [ $i -lt 600 ]; do echo line $i; i=$((i+1)); done"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.last_output.size(), 4096u);
  EXPECT_THAT(died.last_output, testing::EndsWith("line 599\n"));
}

TEST_F(RunnerProcessesTest, KillingTakesTheWholeProcessGroup) {
  Descendant child(directory_.path("pid"));
  const auto processes = Use(Script("sleep 1000 & echo $! > " + directory_.path("pid") + "; wait"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  child.Meet();
  processes->Kill(RunnerId(1));
  EXPECT_EQ(AwaitDeath().code, SIGKILL);
  EXPECT_TRUE(child.DiesWithin(30'000));
}

// It holds the runner's output, too, which nobody waits for.
TEST_F(RunnerProcessesTest, WhatLeftTheProcessGroupDiesWithItsRunnerHoweverDeep) {
  Descendant daemon(directory_.path("daemon")), its_child(directory_.path("child"));
  const auto processes =
      Use(Script("setsid sh -c 'echo $$ > " + directory_.path("daemon") + "; env -i setsid sh -c " +
                 "\"echo \\$\\$ > " + directory_.path("child") + "; exec sleep 1000\"; wait' &\n" +
                 "read _ < " + directory_.path("go")));
  Descendant go(directory_.path("go"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  daemon.Meet();
  its_child.Meet();
  EXPECT_FALSE(daemon.DiesWithin(0)) << "as long as its runner lives, it is left alone";
  std::ofstream(directory_.path("go")) << "go\n";
  EXPECT_EQ(AwaitDeath().how, RunnerDied::How::kExited);
  EXPECT_TRUE(daemon.DiesWithin(0)) << "the death of a runner is told when nothing of it is left";
  EXPECT_TRUE(its_child.DiesWithin(0));
}

TEST_F(RunnerProcessesTest, TheDaemonOfAnotherRunnerAndAStrangerAreLeftAlone) {
  const pid_t stranger = fork();
  if (stranger == 0) {
    for (;;) pause();
  }
  Descendant daemon(directory_.path("daemon"));
  // Its parent dies at once, so that it is the worker's child while its runner lives on.
  const auto processes =
      Use(Script("if [ -n \"$QUICK\" ]; then exit 0; fi\n"
                 "(setsid sh -c 'echo $$ > " +
                 directory_.path("daemon") + "; exec sleep 1000' &)\n" + "exec sleep 1000"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  daemon.Meet();
  ASSERT_TRUE(processes->Start(RunnerId(2), {.job = JobId(8), .variables = {"QUICK=1"}}).ok());
  EXPECT_EQ(AwaitDeath().runner, RunnerId(2));
  EXPECT_FALSE(daemon.DiesWithin(0));
  EXPECT_EQ(kill(stranger, 0), 0);
  processes->Kill(RunnerId(1));
  EXPECT_EQ(AwaitDeath().runner, RunnerId(1));
  EXPECT_TRUE(daemon.DiesWithin(0));
  EXPECT_EQ(kill(stranger, SIGKILL), 0);
}

TEST_F(RunnerProcessesTest, ARunnerThatFloodsItsOutputRunsOnAndIsKilledLikeAnyOther) {
  Descendant runner(directory_.path("pid"));
  // More than is read at once without a pause.
  const auto processes =
      Use(Script("yes 'so many lines that nobody wants to read them all in a log of a worker' | "
                 "head -c 8000000\necho $$ > " +
                 directory_.path("pid") + "\nexec yes"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  runner.Meet();
  processes->Kill(RunnerId(1));
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.code, SIGKILL);
  EXPECT_EQ(died.last_output.size(), RunnerOutput::kTailBytesMax);
}

TEST_F(RunnerProcessesTest, TheEndOfTheWorkerKillsWhatStillRuns) {
  auto processes = Use(Script("exec sleep 1000"));
  ASSERT_TRUE(processes->Start(RunnerId(1), {JobId(7)}).ok());
  ASSERT_TRUE(processes->Start(RunnerId(2), {JobId(8)}).ok());
  processes.reset();
  EXPECT_EQ(AwaitDeath().code, SIGKILL);
  EXPECT_EQ(AwaitDeath().code, SIGKILL);
}

TEST_F(RunnerProcessesTest, ABinaryThatIsNotThereIsRefusedByName) {
  const auto processes = Use("/no/such/binary");
  const absl::Status status = processes->Start(RunnerId(1), {JobId(7)});
  EXPECT_THAT(Message(status), HasSubstr("/no/such/binary"));
}

}  // namespace
}  // namespace gristmill::worker
