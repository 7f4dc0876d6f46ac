#include "chaos/runner_handles.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace gristmill::chaos {
namespace {

// Zero if there is no such process. What follows the command's name in /proc/PID/stat: state, ppid.
pid_t ParentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(") ");
  if (name_end == std::string::npos || name_end + 4 >= line.size()) return 0;
  pid_t parent = 0;
  std::from_chars(line.data() + name_end + 4, line.data() + line.size(), parent);
  return parent;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    if (ParentOf(pid) == parent) children.push_back(pid);
  }
  std::sort(children.begin(), children.end());
  return children;
}

}  // namespace

RunnerHandle::RunnerHandle(RunnerHandle&& other) noexcept
    : pidfd_(std::exchange(other.pidfd_, -1)) {}

RunnerHandle::~RunnerHandle() {
  if (pidfd_ >= 0) close(pidfd_);
}

bool RunnerHandle::Signal(int signal) const {
  return syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0) == 0;
}

std::vector<RunnerHandle> RunnersOf(pid_t worker) {
  std::vector<RunnerHandle> runners;
  for (const pid_t pid : ChildrenOf(worker)) {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) continue;
    RunnerHandle handle(pidfd);
    if (ParentOf(pid) == worker) runners.push_back(std::move(handle));
  }
  return runners;
}

}  // namespace gristmill::chaos
