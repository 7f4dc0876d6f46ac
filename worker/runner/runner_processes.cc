#include "worker/runner/runner_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/status.h"

extern char** environ;

namespace gristmill::worker {
namespace {

constexpr std::size_t kTailBytesMax = 4096;
constexpr std::size_t kLineBytesMax = 4096;

// What epoll gives back: whose descriptor, and which. Zero is the wake-up.
enum class Source : std::uint64_t { kDeath = 0, kOutput = 1 };
std::uint64_t Tag(RunnerId runner, Source source) {
  return runner.value() * 2 + static_cast<std::uint64_t>(source);
}

absl::Status Watch(int epoll, int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "can't wait for a runner");
}

bool Overrides(const std::vector<std::string>& variables, const char* entry) {
  for (const std::string& variable : variables) {
    const std::size_t name_and_sign = variable.find('=') + 1;
    if (variable.compare(0, name_and_sign, entry, 0, name_and_sign) == 0) return true;
  }
  return false;
}

// posix_spawn's two attribute objects, freed together.
struct SpawnSetup {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnSetup(int output, int recorder) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, recorder, kRunnerRecorderDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&files, kRunnerRecorderDescriptor + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

void LogLines(JobId job, std::string_view text, std::string* line) {
  for (const char c : text) {
    if (c != '\n') line->push_back(c);
    if (c != '\n' && line->size() < kLineBytesMax) continue;
    spdlog::info("runner of job {}: {}", job.value(), *line);
    line->clear();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerProcesses>> RunnerProcesses::Create(std::string binary,
                                                                         Died died) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !wake.valid()) return ErrnoStatus(errno, "can't wait for runners");
  GM_RETURN_IF_ERROR(Watch(epoll.get(), wake.get(), 0));
  return std::unique_ptr<RunnerProcesses>(
      new RunnerProcesses(std::move(binary), std::move(died), std::move(epoll), std::move(wake)));
}

RunnerProcesses::RunnerProcesses(std::string binary, Died died, FileDescriptor epoll,
                                 FileDescriptor wake)
    : binary_(std::move(binary)),
      died_(std::move(died)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      reaper_([this] { ReapUntilStopped(); }) {}

RunnerProcesses::~RunnerProcesses() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const auto& [runner, process] : processes_) kill(-process.pid, SIGKILL);
  }
  const std::uint64_t one = 1;
  GM_CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);
  reaper_.join();
}

absl::Status RunnerProcesses::Start(RunnerId runner, JobId job, std::uint32_t threads,
                                    const std::vector<std::string>& variables) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "can't make a pipe for a runner");
  FileDescriptor output(ends[0]);
  const FileDescriptor child_end(ends[1]);
  fcntl(output.get(), F_SETFL, O_NONBLOCK);
  GM_ASSIGN_OR_RETURN(auto recorder, FlightRecorder::Create(threads));

  absl::MutexLock lock(&mutex_);
  GM_ASSIGN_OR_RETURN(const pid_t pid, Spawn(child_end.get(), recorder->descriptor(), variables));
  Process process{job, pid, {}, std::move(output), std::move(recorder), {}, {}};
  process.pid_fd = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  absl::Status watched =
      process.pid_fd.valid()
          ? Watch(epoll_.get(), process.pid_fd.get(), Tag(runner, Source::kDeath))
          : ErrnoStatus(errno, "can't watch a runner with pidfd_open");
  if (watched.ok()) {
    watched = Watch(epoll_.get(), process.output.get(), Tag(runner, Source::kOutput));
  }
  if (!watched.ok()) {
    kill(-pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return watched;
  }
  processes_.emplace(runner, std::move(process));
  return absl::OkStatus();
}

absl::StatusOr<pid_t> RunnerProcesses::Spawn(int output, int recorder,
                                             const std::vector<std::string>& variables) const {
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!Overrides(variables, *entry)) environment.push_back(*entry);
  }
  for (const std::string& variable : variables) {
    environment.push_back(const_cast<char*>(variable.c_str()));
  }
  environment.push_back(nullptr);
  char name[] = "gristmill";
  char command[] = "runner";
  char* const arguments[] = {name, command, nullptr};
  const SpawnSetup setup(output, recorder);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, binary_.c_str(), &setup.files, &setup.attributes, arguments,
                                environment.data());
  if (error != 0) return ErrnoStatus(error, fmt::format("can't run '{} runner'", binary_));
  return pid;
}

void RunnerProcesses::Kill(RunnerId runner) {
  absl::MutexLock lock(&mutex_);
  const auto found = processes_.find(runner);
  if (found != processes_.end()) kill(-found->second.pid, SIGKILL);
}

void RunnerProcesses::ReapUntilStopped() {
  for (;;) {
    std::array<epoll_event, 16> events;
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    GM_CHECK(count >= 0 || errno == EINTR);
    std::vector<RunnerDied> deaths;
    bool done = false;
    {
      absl::MutexLock lock(&mutex_);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t tag = events[i].data.u64;
        if (tag == 0) {
          std::uint64_t ignored;
          GM_CHECK(read(wake_.get(), &ignored, sizeof ignored) == sizeof ignored);
          continue;
        }
        const auto found = processes_.find(RunnerId(tag / 2));
        if (found == processes_.end()) continue;
        ReadOutput(found->second);
        if (static_cast<Source>(tag % 2) == Source::kOutput) continue;
        deaths.push_back(Reap(found->first, found->second));
        processes_.erase(found);
      }
      done = stopping_ && processes_.empty();
    }
    for (RunnerDied& death : deaths) died_(std::move(death));
    if (done) return;
  }
}

void RunnerProcesses::ReadOutput(Process& process) {
  char buffer[16 << 10];
  // A pipe holds 64 KiB: that much is read after a death; a runner that writes without end is
  // read again after the others.
  for (int reads = 0; process.output.valid() && reads < 4; ++reads) {
    const ssize_t bytes = read(process.output.get(), buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) return;
    if (bytes <= 0) return process.output.Close();
    const std::string_view text(buffer, static_cast<std::size_t>(bytes));
    LogLines(process.job, text, &process.line);
    process.tail += text;
    if (process.tail.size() > kTailBytesMax) {
      process.tail.erase(0, process.tail.size() - kTailBytesMax);
    }
    if (text.size() < sizeof buffer) return;
  }
}

// The zombie still holds the number of its process group: what it left behind can be killed
// without hitting anybody else.
RunnerDied RunnerProcesses::Reap(RunnerId runner, Process& process) {
  kill(-process.pid, SIGKILL);
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED) != 0) {
    GM_CHECK(errno == EINTR);
  }
  ReadOutput(process);
  if (!process.line.empty())
    spdlog::info("runner of job {}: {}", process.job.value(), process.line);
  RunnerDied died;
  died.runner = runner;
  died.how = info.si_code == CLD_EXITED ? RunnerDied::How::kExited : RunnerDied::How::kSignalled;
  died.code = info.si_status;
  died.last_output = std::move(process.tail);
  died.in_flight = process.recorder->InFlight();
  return died;
}

}  // namespace gristmill::worker
