#include "worker/runner/runner_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

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

TEST_F(RunnerProcessesTest, AnExitIsToldWithItsStatusAndTheEndOfTheOutput) {
  const auto processes = Use(Script("echo \"$1 says $WORD\"; echo oops >&2; exit 3"));
  ASSERT_TRUE(processes->Start(RunnerId(5), JobId(7), 1, {"WORD=hello"}).ok());
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.runner, RunnerId(5));
  EXPECT_EQ(died.how, RunnerDied::How::kExited);
  EXPECT_EQ(died.code, 3);
  EXPECT_EQ(died.last_output, "runner says hello\noops\n");
}

TEST_F(RunnerProcessesTest, ASignalIsToldAsSuch) {
  const auto processes = Use(Script("kill -SEGV $$"));
  ASSERT_TRUE(processes->Start(RunnerId(1), JobId(7), 1, {}).ok());
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.how, RunnerDied::How::kSignalled);
  EXPECT_EQ(died.code, SIGSEGV);
}

TEST_F(RunnerProcessesTest, OfEndlessOutputTheEndIsKept) {
  const auto processes =
      Use(Script("i=0; while [ $i -lt 600 ]; do echo line $i; i=$((i+1)); done"));
  ASSERT_TRUE(processes->Start(RunnerId(1), JobId(7), 1, {}).ok());
  const RunnerDied died = AwaitDeath();
  EXPECT_EQ(died.last_output.size(), 4096u);
  EXPECT_THAT(died.last_output, testing::EndsWith("line 599\n"));
}

TEST_F(RunnerProcessesTest, KillingTakesTheWholeProcessGroup) {
  const std::string pid_file = directory_.path("pid");
  ASSERT_EQ(mkfifo(pid_file.c_str(), 0600), 0);
  const auto processes = Use(Script("sleep 1000 & echo $! > " + pid_file + "; wait"));
  ASSERT_TRUE(processes->Start(RunnerId(1), JobId(7), 1, {}).ok());
  pid_t child = 0;
  std::ifstream(pid_file) >> child;  // waits for the writer
  ASSERT_GT(child, 0);
  const FileDescriptor child_fd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  ASSERT_TRUE(child_fd.valid());
  processes->Kill(RunnerId(1));
  EXPECT_EQ(AwaitDeath().code, SIGKILL);
  pollfd child_death{child_fd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&child_death, 1, 30'000), 1);
  std::filesystem::remove(pid_file);
}

TEST_F(RunnerProcessesTest, TheEndOfTheWorkerKillsWhatStillRuns) {
  auto processes = Use(Script("exec sleep 1000"));
  ASSERT_TRUE(processes->Start(RunnerId(1), JobId(7), 1, {}).ok());
  ASSERT_TRUE(processes->Start(RunnerId(2), JobId(8), 1, {}).ok());
  processes.reset();
  EXPECT_EQ(AwaitDeath().code, SIGKILL);
  EXPECT_EQ(AwaitDeath().code, SIGKILL);
}

TEST_F(RunnerProcessesTest, ABinaryThatIsNotThereIsRefusedByName) {
  const auto processes = Use("/no/such/binary");
  const absl::Status status = processes->Start(RunnerId(1), JobId(7), 1, {});
  EXPECT_THAT(Message(status), HasSubstr("/no/such/binary"));
}

}  // namespace
}  // namespace gristmill::worker
