#include "cluster/child_process.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"

namespace gristmill::cluster {
namespace {

constexpr std::size_t kLastLinesMax = 10;
constexpr DurationMs kStopMs = 5'000;

enum class Stream { kOutput, kErrors, kBoth };

// Starts argv with one or both of its streams going into a pipe whose reading end is returned.
absl::StatusOr<pid_t> Spawn(std::vector<std::string> argv, Stream stream, int network,
                            int* read_end) {
  std::vector<char*> arguments;
  for (std::string& argument : argv) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return ErrnoStatus(errno, "can't make a pipe");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {  // only async-signal-safe calls from here on
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (stream != Stream::kErrors) dup2(fds[1], STDOUT_FILENO);
    if (stream != Stream::kOutput) dup2(fds[1], STDERR_FILENO);
    const bool placed = network < 0 || setns(network, CLONE_NEWNET) == 0;
    if (placed && getppid() == parent) execv(arguments[0], arguments.data());
    _exit(127);
  }
  const int error = errno;
  close(fds[1]);
  if (pid < 0) {
    close(fds[0]);
    return ErrnoStatus(error, fmt::format("can't start {}", argv[0]));
  }
  *read_end = fds[0];
  return pid;
}

// Whether the process ended within the time.
bool WaitForEnd(pid_t pid, DurationMs wait_ms) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return false;
  pollfd poll_fd = {pidfd, POLLIN, 0};
  const bool ended = poll(&poll_fd, 1, static_cast<int>(wait_ms)) > 0;
  close(pidfd);
  return ended;
}

int WaitForExit(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

void ChildSet::KillAll() {
  const absl::MutexLock lock(&mutex_);
  killed_ = true;
  for (const pid_t pid : pids_) kill(pid, SIGKILL);
}

void ChildSet::Add(pid_t pid) {
  const absl::MutexLock lock(&mutex_);
  pids_.insert(pid);
  if (killed_) kill(pid, SIGKILL);
}

void ChildSet::Remove(pid_t pid) {
  const absl::MutexLock lock(&mutex_);
  pids_.erase(pid);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(ChildOptions options,
                                                                  ChildSet* children) {
  int log_fd = -1;
  if (!options.log.empty()) {
    log_fd = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_fd < 0) return ErrnoStatus(errno, fmt::format("can't write the log {}", options.log));
  }
  int read_end = -1;
  const auto pid = Spawn(options.argv, Stream::kErrors, options.network, &read_end);
  if (!pid.ok()) {
    if (log_fd >= 0) close(log_fd);
    return pid.status();
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(*pid, read_end, log_fd, std::move(options), children));
}

ChildProcess::ChildProcess(pid_t pid, int stderr_fd, int log_fd, ChildOptions options,
                           ChildSet* children)
    : pid_(pid),
      stderr_fd_(stderr_fd),
      log_fd_(log_fd),
      name_(options.argv[options.argv.size() > 1 ? 1 : 0]),
      ready_(std::move(options.ready)),
      children_(children) {
  children_->Add(pid_);
  reader_ = std::thread([this] { ReadLines(); });
}

ChildProcess::~ChildProcess() {
  kill(pid_, SIGTERM);
  if (!WaitForEnd(pid_, kStopMs)) kill(pid_, SIGKILL);
  children_->Remove(pid_);
  WaitForExit(pid_);
  reader_.join();
  close(stderr_fd_);
  if (log_fd_ >= 0) close(log_fd_);
}

absl::StatusOr<std::string> ChildProcess::WaitUntilReady(DurationMs deadline_ms) {
  {
    const absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &ChildProcess::IsDecided),
                            absl::Milliseconds(deadline_ms));
    if (!ready_line_.empty()) return ready_line_;
  }
  return Unavailable("the {} that was started {}; its last words were:{}", name_,
                     HasEnded() ? "ended" : "did not get ready", LastWords());
}

bool ChildProcess::HasEnded() const { return WaitForEnd(pid_, 0); }

std::string ChildProcess::LastWords() {
  const absl::MutexLock lock(&mutex_);
  std::string words;
  for (const std::string& line : last_lines_) words += "\n  " + line;
  return words.empty() ? " none" : words;
}

void ChildProcess::Kill() {
  kill(pid_, SIGKILL);
  WaitForEnd(pid_, kStopMs);
}

void ChildProcess::ReadLines() {
  std::string pending;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(stderr_fd_, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    // A full disk loses lines of the log and nothing else.
    if (got > 0 && log_fd_ >= 0) (void)!write(log_fd_, buffer, static_cast<std::size_t>(got));
    const absl::MutexLock lock(&mutex_);
    if (got <= 0) {
      closed_ = true;
      return;
    }
    pending.append(buffer, static_cast<std::size_t>(got));
    std::size_t end = 0;
    while ((end = pending.find('\n')) != std::string::npos) {
      TakeLine(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
    if (pending.size() > sizeof(buffer)) pending.clear();  // not a line that anybody waits for
  }
}

void ChildProcess::TakeLine(std::string line) {
  if (ready_line_.empty() && !ready_.empty() && line.compare(0, ready_.size(), ready_) == 0)
    ready_line_ = line;
  last_lines_.push_back(std::move(line));
  if (last_lines_.size() > kLastLinesMax) last_lines_.pop_front();
}

bool ChildProcess::IsDecided() const { return closed_ || !ready_line_.empty(); }

namespace {

struct Ended {
  std::string output;
  bool well = false;
};

absl::StatusOr<Ended> Run(std::vector<std::string> argv, Stream stream, int network,
                          DurationMs deadline_ms, ChildSet* children) {
  int read_end = -1;
  const std::string name = argv[0];
  GM_ASSIGN_OR_RETURN(const pid_t pid, Spawn(std::move(argv), stream, network, &read_end));
  children->Add(pid);
  const absl::Time deadline = absl::Now() + absl::Milliseconds(deadline_ms);
  Ended run;
  bool ended = false;
  while (!ended && absl::Now() < deadline) {
    pollfd poll_fd = {read_end, POLLIN, 0};
    if (poll(&poll_fd, 1, static_cast<int>(absl::ToInt64Milliseconds(deadline - absl::Now()))) <=
        0) {
      continue;
    }
    char buffer[4096];
    const ssize_t got = read(read_end, buffer, sizeof(buffer));
    if (got > 0) run.output.append(buffer, static_cast<std::size_t>(got));
    ended = got == 0;
  }
  close(read_end);
  if (!ended) kill(pid, SIGKILL);
  children->Remove(pid);
  const int status = WaitForExit(pid);
  if (!ended) return DeadlineExceeded("{} took longer than {} s", name, deadline_ms / 1000);
  run.well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return run;
}

}  // namespace

absl::StatusOr<std::string> RunToEnd(std::vector<std::string> argv, DurationMs deadline_ms,
                                     ChildSet* children) {
  const std::string name = argv[0];
  GM_ASSIGN_OR_RETURN(Ended ended,
                      Run(std::move(argv), Stream::kOutput, -1, deadline_ms, children));
  if (!ended.well) return Internal("{} failed", name);
  return std::move(ended.output);
}

absl::Status RunQuietly(std::vector<std::string> argv, int network, DurationMs deadline_ms,
                        ChildSet* children) {
  const std::string command = fmt::format("{}", fmt::join(argv, " "));
  GM_ASSIGN_OR_RETURN(const Ended ended,
                      Run(std::move(argv), Stream::kBoth, network, deadline_ms, children));
  if (ended.well) return absl::OkStatus();
  const std::string words = ended.output.substr(0, ended.output.find('\n'));
  return Internal("'{}' failed{}{}", command, words.empty() ? "" : ": ", words);
}

}  // namespace gristmill::cluster
