#include "stream/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "gristmill/task.h"
#include "stream/child_groups.h"
#include "stream/command.h"
#include "stream/spawn.h"

namespace gristmill::stream {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPipeBytes = 1 << 20;  // what an ordinary user may ask for; less is slower, no more
constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kLittleBytes = 4 << 10;  // less than the C library's buffer holds
constexpr int kGatherMs = 1;
constexpr int kLookMs = 100;  // at whether the attempt was cancelled

[[noreturn]] void ThrowErrno(const std::string& what, int error) {
  throw TaskError(what + ": " + std::strerror(error));
}

struct Pipe {
  FileDescriptor read_end, write_end;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("can't make a pipe for a program", errno);
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
};

// Our end of a pipe, which never blocks.
FileDescriptor OurEnd(FileDescriptor& end) {
  fcntl(end.get(), F_SETFL, O_NONBLOCK);
  return std::move(end);
}

sigset_t SigpipeOnly() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

ChildProcess::SignalBlock::SignalBlock() {
  const sigset_t set = SigpipeOnly();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

ChildProcess::SignalBlock::~SignalBlock() {
  if (sigismember(&before_, SIGPIPE) == 1) return;
  const sigset_t set = SigpipeOnly();
  const timespec at_once{};
  sigtimedwait(&set, nullptr, &at_once);  // else it would come now
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

ChildProcess::ChildProcess(const ChildOptions& options, Take take_output, Take take_errors)
    : cancelled_(options.cancelled),
      take_output_(std::move(take_output)),
      take_errors_(std::move(take_errors)),
      patience_(options.patience),
      buffer_(kReadBytes, '\0') {
  Start(options);
}

void ChildProcess::Start(const ChildOptions& options) {
  Pipe input, output, errors;
  fcntl(input.write_end.get(), F_SETPIPE_SZ, kPipeBytes);
  fcntl(output.read_end.get(), F_SETPIPE_SZ, kPipeBytes);
  std::vector<char*> environment;
  for (const std::string& variable : options.environment) {
    environment.push_back(const_cast<char*>(variable.c_str()));
  }
  environment.push_back(nullptr);
  const std::string text = ShellTextOf(options.command);
  char name[] = "sh";
  char flag[] = "-c";
  char* const arguments[] = {name, flag, const_cast<char*>(text.c_str()), nullptr};
  const SpawnPlan plan{.file = "/bin/sh",
                       .arguments = arguments,
                       .environment = environment.data(),
                       .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                       .input = input.read_end.get(),
                       .output = output.write_end.get(),
                       .errors = errors.write_end.get()};
  pid_t child = 0;
  const int error = Spawn(plan, &child);
  if (error != 0) ThrowErrno("can't start '" + options.command + "'", error);
  pid_ = child;
  const bool goes_on = ChildGroups::OfThisProcess().Add(pid_);
  end_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!goes_on || !end_.valid()) {
    const int open_error = errno;
    Reap();
    if (!goes_on) throw TaskCancelled();
    ThrowErrno("can't watch '" + options.command + "' with pidfd_open", open_error);
  }
  input_ = OurEnd(input.write_end);
  output_ = OurEnd(output.read_end);
  errors_ = OurEnd(errors.read_end);
}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) Reap();
}

bool ChildProcess::Write(std::string_view bytes) {
  while (!bytes.empty() && input_.valid()) {
    if (WaitAndTake(/*to_write=*/true)) bytes.remove_prefix(WriteSome(bytes));
    if (WaitedEnough()) input_.Close();
  }
  return input_.valid();
}

std::size_t ChildProcess::WriteSome(std::string_view bytes) {
  const ssize_t written = write(input_.get(), bytes.data(), bytes.size());
  if (written > 0 && !end_.valid()) moved_ = Clock::now();
  if (written >= 0) return static_cast<std::size_t>(written);
  if (errno != EAGAIN && errno != EINTR) input_.Close();
  return 0;
}

ExitStatus ChildProcess::Finish() {
  input_.Close();
  while (end_.valid() || (output_.valid() && !WaitedEnough())) WaitAndTake(/*to_write=*/false);
  if (errors_.valid()) TakeFrom(errors_, take_errors_);
  ExitStatus status = Reap();
  status.left_writer = output_.valid() && !failed_;
  return status;
}

// What a program writes line by line is left to gather for a moment, unless there is something else
// to do: to be woken for each would cost more than the lines do.
bool ChildProcess::WaitAndTake(bool to_write) {
  const bool gather = std::exchange(writes_little_, false);
  // A negative descriptor is passed over.
  pollfd ready[] = {{to_write ? input_.get() : -1, POLLOUT, 0},
                    {gather ? -1 : output_.get(), POLLIN, 0},
                    {errors_.get(), POLLIN, 0},
                    {end_.get(), POLLIN, 0}};
  const int woken = poll(ready, 4, gather ? kGatherMs : kLookMs);
  if (woken < 0 && errno != EINTR) ThrowErrno("can't wait for a program", errno);
  if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed)) throw TaskCancelled();
  if (ready[1].revents != 0) {
    const std::size_t bytes = TakeFrom(output_, take_output_);
    writes_little_ = bytes > 0 && bytes < kLittleBytes;
    if (bytes > 0 && !end_.valid()) moved_ = Clock::now();
  }
  if (ready[2].revents != 0) TakeFrom(errors_, take_errors_);
  if (ready[3].revents != 0) NoteEnd();
  return ready[0].revents != 0;
}

std::size_t ChildProcess::TakeFrom(FileDescriptor& from, const Take& take) {
  const ssize_t bytes = read(from.get(), buffer_.data(), buffer_.size());
  if (bytes > 0) {
    take({buffer_.data(), static_cast<std::size_t>(bytes)});
    return static_cast<std::size_t>(bytes);
  }
  if (bytes == 0 || (errno != EAGAIN && errno != EINTR)) from.Close();
  return 0;
}

void ChildProcess::NoteEnd() {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG);
  failed_ = info.si_code != CLD_EXITED || info.si_status != 0;
  moved_ = Clock::now();
  end_.Close();
}

bool ChildProcess::WaitedEnough() const {
  return !end_.valid() && (failed_ || Clock::now() - moved_ >= patience_);
}

// The zombie still holds the number of its group, so nobody else can be hit.
ExitStatus ChildProcess::Reap() {
  kill(-pid_, SIGKILL);
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  ChildGroups::OfThisProcess().Remove(pid_);
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (info.si_code == CLD_EXITED) return {.code = info.si_status};
  return {.signal = info.si_status};
}

}  // namespace gristmill::stream
