#include "stream/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace gristmill::stream {
namespace {

constexpr int kFirstOther = STDERR_FILENO + 1;  // descriptor

bool Place(int from, int to) {
  return from == to ? fcntl(to, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

bool CloseOthersOnExec() {
  if (close_range(kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
  if (errno != ENOSYS && errno != EINVAL) return false;  // as before Linux 5.11
  for (int fd = kFirstOther, end = static_cast<int>(sysconf(_SC_OPEN_MAX)); fd < end; ++fd) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  return true;
}

// What it inherits else: a signal that is ignored stays so through exec.
void ResetSignals() {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Returns if it fails, with errno. Between vfork and exec there may be nothing but system calls,
// for the memory is that of the parent.
void Become(const SpawnPlan& plan, pid_t parent) {
  if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  if (getppid() != parent) _exit(1);  // it was too late for that
  if (plan.directory != nullptr && chdir(plan.directory) != 0) return;
  if (!Place(plan.input, STDIN_FILENO) || !Place(plan.output, STDOUT_FILENO) ||
      !Place(plan.errors, STDERR_FILENO) || !CloseOthersOnExec()) {
    return;
  }
  ResetSignals();
  execve(plan.file, plan.arguments, plan.environment);
}

}  // namespace

// posix_spawn can't ask for the signal at the parent's death; fork would copy the page tables of a
// process that may be large. A sanitizer makes a fork of vfork, so how it went comes by a pipe.
int Spawn(const SpawnPlan& plan, pid_t* pid) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return errno;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler may run in the child
  const pid_t parent = getpid();
  const pid_t child = vfork();
  if (child == 0) {
    Become(plan, parent);
    const int error = errno;
    _exit(write(report[1], &error, sizeof error) == sizeof error ? 1 : 2);
  }
  int error = child < 0 ? errno : 0;
  close(report[1]);
  if (child > 0 && read(report[0], &error, sizeof error) > 0) waitpid(child, nullptr, 0);
  close(report[0]);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  *pid = child;
  return error;
}

}  // namespace gristmill::stream
