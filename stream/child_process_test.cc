#include "stream/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>

#include "gristmill/task.h"
#include "stream/child_groups.h"

namespace gristmill::stream {
namespace {

using testing::HasSubstr;

class ChildProcessTest : public testing::Test {
 protected:
  ChildOptions Options(const std::string& command) {
    return {.command = command,
            .directory = "",
            .environment = {"PATH=/usr/bin:/bin", "NAME=value"},
            .cancelled = &cancelled_};
  }
  ChildProcess::Take TakeOutput() {
    return [this](std::string_view bytes) { output_ += bytes; };
  }
  ChildProcess::Take TakeErrors() {
    return [this](std::string_view bytes) { errors_ += bytes; };
  }
  ExitStatus Run(const std::string& command, std::string_view input = "",
                 std::chrono::milliseconds patience = std::chrono::minutes(1)) {
    ChildOptions options = Options(command);
    options.patience = patience;
    ChildProcess child(options, TakeOutput(), TakeErrors());
    child.Write(input);
    return child.Finish();
  }

  std::atomic<bool> cancelled_{false};
  std::string output_, errors_;
};

// Reads one line, a number, from what the child writes.
pid_t FirstNumber(const std::string& output) { return static_cast<pid_t>(std::stol(output)); }

bool IsGone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

// Of a process that need not be a child of this one. Whether it was reaped does not matter.
bool EndsSoon(pid_t pid) {
  const FileDescriptor end(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!end.valid()) return errno == ESRCH;
  pollfd ready{end.get(), POLLIN, 0};
  return poll(&ready, 1, 10'000) == 1;
}

TEST_F(ChildProcessTest, IsFedAndHeard) {
  EXPECT_EQ(Run("cat; echo done >&2", "some text"), ExitStatus{});
  EXPECT_EQ(output_, "some text");
  EXPECT_EQ(errors_, "done\n");
}

TEST_F(ChildProcessTest, HasItsEnvironmentAndDirectory) {
  ChildOptions options = Options("echo $NAME; pwd");
  options.directory = "/usr";
  ChildProcess child(options, TakeOutput(), TakeErrors());
  EXPECT_EQ(child.Finish(), ExitStatus{});
  EXPECT_EQ(output_, "value\n/usr\n");
}

TEST_F(ChildProcessTest, MuchInputAndMuchOutputDoNotWaitForEachOther) {
  const std::string input(std::size_t{20} << 20, 'x');
  EXPECT_EQ(Run("tee /dev/stderr", input), ExitStatus{});
  EXPECT_EQ(output_, input);
  EXPECT_EQ(errors_, input);
}

TEST_F(ChildProcessTest, MayWriteMuchBeforeItReads) {
  const std::string input(std::size_t{4} << 20, 'x');
  EXPECT_EQ(Run("head -c 5000000 /dev/zero; cat", input), ExitStatus{});
  EXPECT_EQ(output_.size(), 5'000'000 + input.size());
}

TEST_F(ChildProcessTest, ThatStopsReadingIsNoError) {
  ChildProcess child(Options("head -n 1"), TakeOutput(), TakeErrors());
  const std::string line = std::string(99, 'x') + "\n";
  std::string input;
  for (int i = 0; i < 100'000; ++i) input += line;
  bool reads = true;
  for (int i = 0; i < 10 && reads; ++i) reads = child.Write(input);
  EXPECT_FALSE(reads);
  EXPECT_FALSE(child.Write("more"));
  EXPECT_EQ(child.Finish(), ExitStatus{});
  EXPECT_EQ(output_, line);
}

TEST_F(ChildProcessTest, TellsHowItEnded) {
  EXPECT_EQ(Run("exit 7"), (ExitStatus{.code = 7}));
  EXPECT_EQ(Run("kill -9 $$"), (ExitStatus{.signal = SIGKILL}));
  EXPECT_EQ(Run("nosuchprogram"), (ExitStatus{.code = 127}));
}

TEST_F(ChildProcessTest, HasTheUsualSignals) {
  EXPECT_EQ(Run("kill -PIPE $$"), (ExitStatus{.signal = SIGPIPE})) << "and not ignored ones";
}

TEST_F(ChildProcessTest, HasNoOtherDescriptors) {
  const int fd = open("/dev/null", O_RDONLY);  // not closed on exec
  EXPECT_EQ(Run("ls /proc/self/fd | wc -l"), ExitStatus{});
  EXPECT_EQ(output_, "4\n") << "stdin, stdout, stderr and that of ls itself";
  close(fd);
}

TEST_F(ChildProcessTest, WhatItLeavesInItsGroupIsKilled) {
  EXPECT_EQ(Run("sleep 1000 >/dev/null 2>&1 & echo $!"), ExitStatus{});
  EXPECT_TRUE(EndsSoon(FirstNumber(output_)));
}

TEST_F(ChildProcessTest, WhoeverStillHoldsItsStdoutIsHeard) {
  EXPECT_EQ(Run("(sleep 0.3; echo late) & exit 0"), ExitStatus{});
  EXPECT_EQ(output_, "late\n");
}

TEST_F(ChildProcessTest, OneThatFailsDoesNotWaitForWhatItLeftBehind) {
  EXPECT_EQ(Run("sleep 1000 & cat >/dev/null; echo why >&2; exit 3", "text"),
            (ExitStatus{.code = 3}));
  EXPECT_EQ(errors_, "why\n");
  const std::string input(std::size_t{4} << 20, 'x');
  EXPECT_EQ(Run("exec 3<&0; sleep 1000 & exit 4", input), (ExitStatus{.code = 4}))
      << "nor for who holds its stdin";
}

TEST_F(ChildProcessTest, WhoReadsItsStdinAfterItsEndIsStillFed) {
  const std::string input(std::size_t{4} << 20, 'x');
  EXPECT_EQ(Run("exec 3<&0; (sleep 0.1; wc -c) <&3 & exit 0", input), ExitStatus{});
  EXPECT_EQ(output_, std::to_string(input.size()) + "\n");
}

TEST_F(ChildProcessTest, WhoHoldsItsStdinOrStderrAfterItsEndIsNotWaitedForLong) {
  const std::string input(std::size_t{4} << 20, 'x');
  EXPECT_EQ(
      Run("exec 3<&0; sleep 1000 >/dev/null & echo done", input, std::chrono::milliseconds(100)),
      ExitStatus{});
  EXPECT_EQ(output_, "done\n");
}

TEST_F(ChildProcessTest, TellsWhetherWhatItLeftMightStillWrite) {
  EXPECT_EQ(Run("sleep 1000 & echo done", "", std::chrono::milliseconds(100)),
            (ExitStatus{.left_writer = true}));
  EXPECT_EQ(output_, "done\n");
}

TEST_F(ChildProcessTest, OneThatClosedItsStdoutIsWaitedFor) {
  EXPECT_EQ(Run("exec >&-; sleep 0.3; exit 5"), (ExitStatus{.code = 5}));
}

TEST_F(ChildProcessTest, ACancelledOneIsKilledWithItsGroup) {
  ChildProcess::Take cancel = [this](std::string_view bytes) {
    output_ += bytes;
    if (output_.ends_with('\n')) cancelled_ = true;
  };
  pid_t leader = 0;
  {
    ChildProcess child(Options("sleep 1000 & echo $!; sleep 1000"), cancel, TakeErrors());
    leader = child.pid();
    EXPECT_THROW(child.Finish(), TaskCancelled);
  }
  EXPECT_TRUE(IsGone(leader));
  EXPECT_TRUE(EndsSoon(FirstNumber(output_)));
}

TEST_F(ChildProcessTest, IsGoneAfterAnException) {
  pid_t leader = 0;
  try {
    ChildProcess child(
        Options("echo; sleep 1000"), [](std::string_view) { throw std::runtime_error("stop"); },
        TakeErrors());
    leader = child.pid();
    child.Finish();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(IsGone(leader));
}

TEST_F(ChildProcessTest, ADirectoryThatIsNotThereIsNamed) {
  ChildOptions options = Options("cat");
  options.directory = "/nosuch";
  try {
    ChildProcess child(options, TakeOutput(), TakeErrors());
    ADD_FAILURE() << "it started";
  } catch (const TaskError& error) {
    EXPECT_THAT(error.what(), HasSubstr("can't start 'cat'"));
  }
}

TEST_F(ChildProcessTest, DoesNotOutliveAProcessThatIsKilled) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  const pid_t tester = fork();
  if (tester == 0) {
    ChildProcess child(Options("sleep 1000"), TakeOutput(), TakeErrors());
    const pid_t pid = child.pid();
    if (write(write_end.get(), &pid, sizeof pid) < 0) _exit(1);
    child.Finish();
    _exit(2);
  }
  pid_t program = 0;
  write_end.Close();
  ASSERT_EQ(read(read_end.get(), &program, sizeof program), ssize_t{sizeof program});
  EXPECT_FALSE(IsGone(program));
  kill(tester, SIGKILL);
  ASSERT_EQ(waitpid(tester, nullptr, 0), tester);
  EXPECT_TRUE(EndsSoon(program));
}

// In a process of its own, for nothing can be started after it.
TEST(ChildGroups, KillsAllThatRunAndLetsNoneStart) {
  const pid_t tester = fork();
  if (tester == 0) {
    ChildOptions options;
    options.command = "sleep 1000";
    options.environment = {"PATH=/usr/bin:/bin"};
    const auto ignore = [](std::string_view) {};
    ChildProcess child(options, ignore, ignore);
    ChildGroups::OfThisProcess().KillAll();
    if (child.Finish() != ExitStatus{.signal = SIGKILL}) _exit(1);
    try {
      ChildProcess another(options, ignore, ignore);
      _exit(2);
    } catch (const TaskCancelled&) {
      _exit(0);
    }
  }
  int status = 0;
  ASSERT_EQ(waitpid(tester, &status, 0), tester);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gristmill::stream
