#include "plugin/description.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <fstream>
#include <optional>
#include <utility>

#include "base/file_descriptor.h"
#include "base/readable_text.h"
#include "base/status.h"
#include "base/units.h"
#include "plugin/declaration_message.h"
#include "plugin/job_object.h"

extern char** environ;

namespace gristmill::plugin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAnswerDescriptor = 3;
constexpr std::uint32_t kAnswerBytesMax = 1 << 20;
constexpr std::size_t kRefusalBytesMax = 4 << 10;
constexpr rlim_t kChildMemoryBytes = rlim_t{2} << 30;
constexpr rlim_t kChildOutputBytes = 64 << 10;
constexpr std::size_t kLastWordsBytes = 500;

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// --- The parent ---------------------------------------------------------------------------------

// A file in memory that is at its beginning again.
absl::StatusOr<FileDescriptor> MemoryFile(const char* name, std::string_view contents) {
  FileDescriptor file(memfd_create(name, MFD_CLOEXEC));
  if (!file.valid() || !WriteAll(file.get(), contents) || lseek(file.get(), 0, SEEK_SET) != 0) {
    return ErrnoStatus(errno, "can't make a file in memory for a child process");
  }
  return file;
}

// Started, and gone with its process group at the end.
class Child {
 public:
  static absl::StatusOr<Child> Spawn(const std::string& binary, const std::string& directory,
                                     int input, int output, int answer) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addchdir_np(&files, directory.c_str());
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, answer, kAnswerDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&files, kAnswerDescriptor + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    char name[] = "gristmill";
    char command[] = "describe-job";
    char* const arguments[] = {name, command, nullptr};
    pid_t pid = 0;
    const int error = posix_spawn(&pid, binary.c_str(), &files, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
      return ErrnoStatus(error, fmt::format("can't run '{} {}'", binary, kDescribeCommand));
    }
    return Child(pid);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ != 0) End();
  }

  // Its wait status.
  int End() {
    siginfo_t info{};
    // While it is a zombie the number of its group is its own.
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    const bool ended = info.si_pid == pid_;
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return ended ? status : 0;
  }
  // Its wait status, or nothing if it has not ended by the deadline: user code may go on whatever
  // it did to the pipe.
  std::optional<int> AwaitEnd(Clock::time_point deadline) {
    const FileDescriptor end(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0 || !end.valid()) return std::nullopt;
      pollfd ended{end.get(), POLLIN, 0};
      if (poll(&ended, 1, static_cast<int>(left)) > 0) return End();
    }
  }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

enum class Ending : std::uint8_t { kAnswered, kClosed, kLate };

// Reads the answer: its length in four bytes of this host, then so much.
Ending ReadAnswer(int fd, Clock::time_point deadline, std::string* answer) {
  std::string bytes;
  std::uint32_t length = 0;
  for (;;) {
    if (bytes.size() >= sizeof length) {
      std::memcpy(&length, bytes.data(), sizeof length);
      if (length > kAnswerBytesMax) return Ending::kClosed;
      if (bytes.size() >= sizeof length + length) {
        *answer = bytes.substr(sizeof length, length);
        return Ending::kAnswered;
      }
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Ending::kLate;
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(left)) <= 0) continue;
    char buffer[4096];
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Ending::kClosed;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
}

// "; it last wrote: …", or nothing.
std::string LastWords(int output) {
  const off_t end = lseek(output, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::clamp<off_t>(end, 0, kLastWordsBytes)), '\0');
  const ssize_t count =
      pread(output, text.data(), text.size(), end - static_cast<off_t>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? text : "; it last wrote: " + ReadableText(text);
}

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) {
    const char* const name = sigabbrev_np(WTERMSIG(status));
    return name == nullptr ? fmt::format("died of signal {}", WTERMSIG(status))
                           : fmt::format("died of signal {} (SIG{})", WTERMSIG(status), name);
  }
  return fmt::format("ended the process with status {}", WEXITSTATUS(status));
}

// --- The child ----------------------------------------------------------------------------------

v1::DescribeResponse Refuse(const absl::Status& status) {
  v1::DescribeResponse response;
  response.set_error_code(static_cast<std::uint32_t>(status.code()));
  response.set_error(Message(status).substr(0, kRefusalBytesMax));
  return response;
}

v1::DescribeResponse DescribeJob(const JobInfo& job, const ParamMap& params) {
  if (const std::string problem = job.check_params(params); !problem.empty()) {
    return Refuse(InvalidArgument("{}", ReadableText(problem)));
  }
  v1::DescribeResponse response;
  response.set_job(job.name);
  response.set_writes_output(job.writes_output);
  *response.mutable_declared() = MessageOf(job.declare(params));
  return response;
}

// Of this process, which has some before anything is loaded: the sixth number of statm, in pages.
rlim_t DataBytes() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void Limit(int resource, rlim_t most) {
  const rlimit limit{most, most};
  setrlimit(resource, &limit);
}

}  // namespace

absl::StatusOr<v1::DescribeResponse> DescribeInChild(const std::string& binary,
                                                     const std::string& directory,
                                                     const v1::DescribeRequest& request,
                                                     DurationMs deadline_ms) {
  const std::string object = FileName(request.object());
  GM_ASSIGN_OR_RETURN(const FileDescriptor input,
                      MemoryFile("gristmill-describe-request", request.SerializeAsString()));
  GM_ASSIGN_OR_RETURN(const FileDescriptor output, MemoryFile("gristmill-describe-output", ""));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "can't make a pipe for a child");
  const FileDescriptor answer_end(ends[0]);
  FileDescriptor child_end(ends[1]);
  const auto deadline = Clock::now() + std::chrono::milliseconds(deadline_ms);
  GM_ASSIGN_OR_RETURN(Child child,
                      Child::Spawn(binary, directory, input.get(), output.get(), child_end.get()));
  child_end.Close();
  std::string answer;
  const Ending ending = ReadAnswer(answer_end.get(), deadline, &answer);
  v1::DescribeResponse response;
  if (ending == Ending::kAnswered && response.ParseFromString(answer)) {
    if (response.error_code() == 0) return response;
    return absl::Status(static_cast<absl::StatusCode>(response.error_code()), response.error());
  }
  const std::optional<int> status =
      ending == Ending::kLate ? std::nullopt : child.AwaitEnd(deadline);
  if (!status) {
    return InvalidArgument(
        "'{}' did not answer within {} when it was loaded and asked for its job; look at what it "
        "does before main, in Declare, Validate and Input{}",
        object, FormatDuration(deadline_ms), LastWords(output.get()));
  }
  return InvalidArgument(
      "'{}' {} when it was loaded and asked for its job; look at what it does before main, in "
      "Declare, Validate and Input{}",
      object, DescribeEnd(*status), LastWords(output.get()));
}

v1::DescribeResponse Describe(const v1::DescribeRequest& request) {
  const std::string object = FileName(request.object());
  const absl::StatusOr<const JobMap*> jobs = LoadJobObject(request.object(), object);
  if (!jobs.ok()) return Refuse(jobs.status());
  const absl::StatusOr<const JobInfo*> job = FindJobIn(**jobs, object, request.job());
  if (!job.ok()) return Refuse(job.status());
  try {
    return DescribeJob(**job, ParamMap(request.params().begin(), request.params().end()));
  } catch (const std::exception& error) {
    return Refuse(InvalidArgument("job '{}' refuses its parameters: {}", (*job)->name,
                                  ReadableText(error.what())));
  }
}

int DescribeMain() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  fcntl(kAnswerDescriptor, F_SETFD, FD_CLOEXEC);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_DATA, DataBytes() + kChildMemoryBytes);
  Limit(RLIMIT_FSIZE, kChildOutputBytes);
  signal(SIGXFSZ, SIG_IGN);
  v1::DescribeRequest request;
  if (!request.ParseFromFileDescriptor(STDIN_FILENO)) {
    static constexpr char kUsage[] =
        "gristmill: 'describe-job' is started by 'gristmill coordinator' only; to see the jobs of "
        "a shared object use 'gristmill jobs PATH'\n";
    WriteAll(STDERR_FILENO, kUsage);
    return 2;
  }
  const std::string answer = Describe(request).SerializeAsString();
  const auto length = static_cast<std::uint32_t>(answer.size());
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += answer;
  WriteAll(kAnswerDescriptor, bytes);
  _exit(0);  // what the object would do at the end is no matter
}

}  // namespace gristmill::plugin
