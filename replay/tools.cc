#include "replay/tools.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/status.h"

namespace gristmill::replay {
namespace {

std::vector<char*> ArgumentsOf(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

// Without the signal mask of a parent that watches signals.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error = posix_spawnp(&child, command.front().c_str(), nullptr, &attributes,
                                 ArgumentsOf(command).data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return Internal("can't start {}: {}", command.front(), std::strerror(error));
  return child;
}

}  // namespace

std::vector<std::string> UnderTool(Tool tool, std::vector<std::string> command,
                                   const std::string& directory) {
  std::vector<std::string> words;
  switch (tool) {
    case Tool::kNone:
      break;
    case Tool::kGdb:
      // It stops where the job's code crashes or throws.
      words = {"gdb", "-q", "-ex", "catch throw", "-ex", "run", "--args"};
      break;
    case Tool::kValgrind:
      words = {"valgrind", "--error-exitcode=1"};
      break;
    case Tool::kPerf:
      words = {"perf", "record", "-g", "-o", directory + "/perf.data", "--"};
      break;
  }
  words.insert(words.end(), std::make_move_iterator(command.begin()),
               std::make_move_iterator(command.end()));
  return words;
}

std::string HintAfter(Tool tool, const std::string& directory) {
  if (tool != Tool::kPerf) return "";
  return fmt::format("see where the time went with 'perf report -i {}/perf.data'", directory);
}

absl::Status Become(const std::vector<std::string>& command) {
  execvp(command.front().c_str(), ArgumentsOf(command).data());
  if (errno == ENOENT) {
    return NotFound("{0} is not installed here; install the package {0}, or leave out --{0}",
                    command.front());
  }
  return Internal("can't start {}: {}", command.front(), std::strerror(errno));
}

absl::StatusOr<int> RunningChild::RunAndWait(const std::vector<std::string>& command) {
  pid_t child = 0;
  {
    const absl::MutexLock lock(&mutex_);
    if (killed_) return absl::CancelledError("interrupted");
    GM_ASSIGN_OR_RETURN(child, Spawn(command));
    pid_ = child;
  }
  // Its number is nobody else's until it is reaped, under the lock.
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) return Internal("lost sight of the task: {}", std::strerror(errno));
  }
  const absl::MutexLock lock(&mutex_);
  pid_ = 0;
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void RunningChild::Kill() {
  const absl::MutexLock lock(&mutex_);
  killed_ = true;
  if (pid_ != 0) kill(pid_, SIGKILL);
}

}  // namespace gristmill::replay
