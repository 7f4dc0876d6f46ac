#include "worker/runner/runner_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "worker/event_loop.h"
#include "worker/runner/crash_text.h"
#include "worker/runner/left_behind.h"

extern char** environ;

namespace gristmill::worker {
namespace {

constexpr char kMarkVariable[] = "GRISTMILL_RUNNER_MARK";
// More is read later: a worker has better things to do than to drop text. Blocked in its write(2),
// the runner waits that long.
constexpr std::int64_t kReadBytesPerSecond = 16 << 20;
constexpr std::int64_t kReadBytesBurst = 4 << 20;
constexpr DurationMs kReapPeriodMs = 10'000;

// What epoll gives back: whose descriptor, and which. Zero is the wake-up.
enum class Source : std::uint64_t { kDeath = 0, kOutput = 1, kMessages = 2 };
constexpr std::uint64_t kSources = 3;
std::uint64_t Tag(RunnerId runner, Source source) {
  return runner.value() * kSources + static_cast<std::uint64_t>(source);
}

absl::Status Watch(int epoll, int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "can't wait for a runner");
}

std::string RandomFamily() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

std::string NameFor(JobId job) {
  return job ? fmt::format("runner of job {}", job.value()) : "runner in reserve";
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

  SpawnSetup(int output, int messages, int recorder) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, recorder, kRunnerRecorderDescriptor);
    posix_spawn_file_actions_adddup2(&files, messages, kRunnerLogDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&files, kRunnerLogDescriptor + 1);
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

// Like a pipe holds: that much is read after a death; a runner that writes without end is read
// again after the others.
void ReadOutput(FileDescriptor& output, RunnerLog& log, TokenBucket& reading) {
  char buffer[16 << 10];
  const Instant now = EventLoop::Now();
  for (int reads = 0; output.valid() && reads < 4; ++reads) {
    const ssize_t bytes = read(output.get(), buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) return;
    if (bytes <= 0) return output.Close();
    log.Take({buffer, static_cast<std::size_t>(bytes)}, now);
    reading.Take(bytes);
    if (bytes < static_cast<ssize_t>(sizeof buffer)) return;
  }
}

// More than a socket holds.
constexpr int kMessagesAtOnce = 1'024;
// To read a short one costs as much as this.
constexpr ssize_t kMessageCostBytes = 1'024;

void ReadMessages(FileDescriptor& messages, RunnerLog& log, TokenBucket& reading) {
  char buffer[kLogMessageBytesMax];
  const Instant now = EventLoop::Now();
  for (int i = 0; messages.valid() && i < kMessagesAtOnce; ++i) {
    const ssize_t bytes = recv(messages.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) return;
    if (bytes <= 0) return messages.Close();
    log.TakeMessage({buffer, static_cast<std::size_t>(bytes)}, now);
    reading.Take(std::max(bytes, kMessageCostBytes));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerProcesses>> RunnerProcesses::Create(std::string binary,
                                                                         Died died, KeepLine keep) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll.valid() || !wake.valid()) return ErrnoStatus(errno, "can't wait for runners");
  GM_RETURN_IF_ERROR(Watch(epoll.get(), wake.get(), 0));
  AdoptOrphans();
  return std::unique_ptr<RunnerProcesses>(new RunnerProcesses(
      std::move(binary), std::move(died), std::move(keep), std::move(epoll), std::move(wake)));
}

RunnerProcesses::RunnerProcesses(std::string binary, Died died, KeepLine keep, FileDescriptor epoll,
                                 FileDescriptor wake)
    : binary_(std::move(binary)),
      family_(RandomFamily()),
      died_(std::move(died)),
      keep_(std::move(keep)),
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

absl::Status RunnerProcesses::Start(RunnerId runner, const Setup& setup) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "can't make a pipe for a runner");
  FileDescriptor output(ends[0]);
  const FileDescriptor child_end(ends[1]);
  fcntl(output.get(), F_SETFL, O_NONBLOCK);
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return ErrnoStatus(errno, "can't make a socket for a runner");
  }
  FileDescriptor messages(sockets[0]);
  const FileDescriptor child_messages(sockets[1]);
  GM_ASSIGN_OR_RETURN(auto recorder, FlightRecorder::Create(setup.threads));

  const Instant now = EventLoop::Now();
  const auto name = std::make_shared<std::string>(NameFor(setup.job));
  Process process{.name = name,
                  .pid = 0,
                  .pid_fd = {},
                  .output = std::move(output),
                  .messages = std::move(messages),
                  .recorder = std::move(recorder),
                  .mark = fmt::format("{}={}-{}", kMarkVariable, family_, runner.value()),
                  .log = MakeLog(runner, name, now),
                  .reading = TokenBucket(kReadBytesPerSecond, kReadBytesBurst, now)};
  std::vector<std::string> environment = setup.variables;
  environment.push_back(process.mark);

  absl::MutexLock lock(&mutex_);
  const ChildEnds child_ends{child_end.get(), child_messages.get(), process.recorder->descriptor()};
  GM_ASSIGN_OR_RETURN(process.pid, Spawn(child_ends, environment));
  process.pid_fd = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  const absl::Status watched = WatchAll(runner, process);
  if (!watched.ok()) {
    kill(-process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
    return watched;
  }
  processes_.emplace(runner, std::move(process));
  return absl::OkStatus();
}

std::unique_ptr<RunnerLog> RunnerProcesses::MakeLog(RunnerId runner,
                                                    std::shared_ptr<std::string> name,
                                                    Instant now) const {
  const auto log = [name = std::move(name)](const LogOrigin& origin, std::string_view line) {
    if (origin.attempt == 0) {
      spdlog::info("{}: {}", *name, line);
    } else {
      spdlog::info("{}, attempt {}: {}", *name, origin.attempt, line);
    }
  };
  const auto keep = [this, runner](const LogOrigin& origin, std::string_view line) {
    if (keep_) keep_(runner, origin, line);
  };
  return std::make_unique<RunnerLog>(log, keep, now);
}

absl::Status RunnerProcesses::WatchAll(RunnerId runner, const Process& process) const {
  if (!process.pid_fd.valid()) return ErrnoStatus(errno, "can't watch a runner with pidfd_open");
  GM_RETURN_IF_ERROR(Watch(epoll_.get(), process.pid_fd.get(), Tag(runner, Source::kDeath)));
  GM_RETURN_IF_ERROR(Watch(epoll_.get(), process.messages.get(), Tag(runner, Source::kMessages)));
  return Watch(epoll_.get(), process.output.get(), Tag(runner, Source::kOutput));
}

absl::StatusOr<pid_t> RunnerProcesses::Spawn(const ChildEnds& ends,
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
  const SpawnSetup setup(ends.output, ends.messages, ends.recorder);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, binary_.c_str(), &setup.files, &setup.attributes, arguments,
                                environment.data());
  if (error != 0) return ErrnoStatus(error, fmt::format("can't run '{} runner'", binary_));
  return pid;
}

void RunnerProcesses::Give(RunnerId runner, JobId job) {
  absl::MutexLock lock(&mutex_);
  const auto found = processes_.find(runner);
  if (found != processes_.end()) *found->second.name = NameFor(job);
}

void RunnerProcesses::Kill(RunnerId runner) {
  absl::MutexLock lock(&mutex_);
  const auto found = processes_.find(runner);
  if (found != processes_.end()) kill(-found->second.pid, SIGKILL);
}

void RunnerProcesses::ReapUntilStopped() {
  while (!Stopped()) {
    for (auto& [runner, process] : HandleEvents()) died_(Reap(runner, process));
    // Only now: whoever died with the runners above has been waited for.
    absl::MutexLock lock(&mutex_);
    ReapOrphans([this](pid_t pid) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::ranges::any_of(processes_,
                                 [pid](const auto& entry) { return entry.second.pid == pid; });
    });
  }
}

bool RunnerProcesses::Stopped() {
  absl::MutexLock lock(&mutex_);
  return stopping_ && processes_.empty();
}

std::map<RunnerId, RunnerProcesses::Process> RunnerProcesses::HandleEvents() {
  std::array<epoll_event, 16> events;
  const int count = epoll_wait(epoll_.get(), events.data(), events.size(), WaitMs());
  GM_CHECK(count >= 0 || errno == EINTR);
  std::map<RunnerId, Process> dead;
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[i].data.u64;
    if (tag == 0) {
      std::uint64_t ignored;
      GM_CHECK(read(wake_.get(), &ignored, sizeof ignored) == sizeof ignored);
      continue;
    }
    const auto found = processes_.find(RunnerId(tag / kSources));
    if (found == processes_.end()) continue;
    Process& process = found->second;
    switch (static_cast<Source>(tag % kSources)) {
      case Source::kDeath:
        dead.insert(processes_.extract(found));
        continue;
      case Source::kOutput:
        ReadOutput(process.output, *process.log, process.reading);
        break;
      case Source::kMessages:
        ReadMessages(process.messages, *process.log, process.reading);
        break;
    }
    if (process.reading.Level(EventLoop::Now()) <= 0) ReadLater(found->first, process);
  }
  ReadAgain();
  return dead;
}

// Until something is to be read again, or orphans that ended may wait to be reaped.
int RunnerProcesses::WaitMs() {
  absl::MutexLock lock(&mutex_);
  const Instant now = EventLoop::Now();
  Instant until = now + kReapPeriodMs;
  for (const auto& [runner, process] : processes_) until = std::min(until, process.read_again);
  return static_cast<int>(std::max<DurationMs>(until - now, 0));
}

void RunnerProcesses::ReadLater(RunnerId runner, Process& process) {
  for (const FileDescriptor* source : {&process.output, &process.messages}) {
    if (source->valid()) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, source->get(), nullptr);
  }
  process.read_again = process.reading.TimeOf(kReadBytesBurst / 2);
}

void RunnerProcesses::ReadAgain() {
  const Instant now = EventLoop::Now();
  for (auto& [runner, process] : processes_) {
    if (now < process.read_again) continue;
    process.read_again = kNever;
    // It was watched before, so there is room for it; a failure would cost its output only.
    if (process.output.valid()) {
      Watch(epoll_.get(), process.output.get(), Tag(runner, Source::kOutput)).IgnoreError();
    }
    if (process.messages.valid()) {
      Watch(epoll_.get(), process.messages.get(), Tag(runner, Source::kMessages)).IgnoreError();
    }
  }
}

// The zombie still holds the number of its process group: what it left behind there can be killed
// without hitting anybody else.
RunnerDied RunnerProcesses::Reap(RunnerId runner, Process& process) const {
  kill(-process.pid, SIGKILL);
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED) != 0) {
    GM_CHECK(errno == EINTR);
  }
  const int left = KillLeftBehind(process.mark);
  if (left > 0) {
    spdlog::warn("{}: killed {} processes that it left behind", *process.name, left);
  }
  ReadMessages(process.messages, *process.log, process.reading);
  ReadOutput(process.output, *process.log, process.reading);
  process.log->End();
  RunnerDied died;
  died.runner = runner;
  died.how = info.si_code == CLD_EXITED ? RunnerDied::How::kExited : RunnerDied::How::kSignalled;
  died.code = info.si_status;
  died.last_output = process.log->tail();
  died.in_flight = process.recorder->InFlight();
  const CrashNote& note = *process.recorder->crash_note();
  const auto caught = note.signal.load(std::memory_order_acquire);
  if (died.how == RunnerDied::How::kSignalled && caught != 0) {
    died.code = static_cast<int>(caught);  // the handler itself may have ended by another
    died.crash = DescribeCrash(note, binary_);
    died.out_of_memory = note.out_of_memory != 0;
  }
  return died;
}

}  // namespace gristmill::worker
