#include "worker/runner/left_behind.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"

namespace gristmill::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience(2);

// Names a process for ever, unlike its number.
struct Identity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// From /proc/PID/stat: "pid (name) state ppid … starttime …", where the name may hold anything.
bool ParseStat(const std::string& stat, pid_t* parent, std::uint64_t* start_time) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(stat.substr(name_end + 1));
  constexpr int kParent = 4, kStartTime = 22;
  std::string field;
  for (int number = 3; number <= kStartTime && fields >> field; ++number) {
    if (number == kParent) *parent = static_cast<pid_t>(std::atol(field.c_str()));
    if (number == kStartTime) *start_time = std::strtoull(field.c_str(), nullptr, 10);
  }
  return !fields.fail();
}

using ProcessTree = std::multimap<pid_t, Identity>;  // children by their parent

ProcessTree ListProcesses() {
  ProcessTree tree;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (proc == nullptr) return tree;
  while (const dirent* entry = readdir(proc.get())) {
    Identity process{static_cast<pid_t>(std::atol(entry->d_name)), 0};
    pid_t parent = 0;
    if (process.pid <= 0) continue;
    const std::string stat = Contents(std::string("/proc/") + entry->d_name + "/stat");
    if (ParseStat(stat, &parent, &process.start_time)) tree.emplace(parent, process);
  }
  return tree;
}

bool HasMark(pid_t pid, const std::string& mark) {
  std::string_view rest;
  const std::string environment = Contents("/proc/" + std::to_string(pid) + "/environ");
  for (rest = environment; !rest.empty();) {
    const std::string_view variable = rest.substr(0, rest.find('\0'));
    if (variable == mark) return true;
    rest.remove_prefix(std::min(variable.size() + 1, rest.size()));
  }
  return false;
}

void AddDescendants(const ProcessTree& tree, pid_t ancestor, std::set<Identity>* found) {
  const auto [begin, end] = tree.equal_range(ancestor);
  for (auto child = begin; child != end; ++child) {
    if (found->insert(child->second).second) AddDescendants(tree, child->second.pid, found);
  }
}

// It is a child of this process, so its number is its own until it is reaped.
void AwaitAndReap(pid_t child, Clock::time_point deadline) {
  const FileDescriptor handle(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  if (handle.valid()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd death{handle.get(), POLLIN, 0};
    poll(&death, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  }
  waitpid(child, nullptr, WNOHANG);
}

}  // namespace

void AdoptOrphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

// Only children of this process are killed; their own become its children by that, and come next.
int KillLeftBehind(const std::string& mark) {
  int killed = 0;
  std::set<Identity> descendants;  // of marked ones, with or without the mark
  const Clock::time_point deadline = Clock::now() + kPatience;
  do {
    const ProcessTree tree = ListProcesses();
    std::vector<pid_t> doomed;
    const auto [begin, end] = tree.equal_range(getpid());
    for (auto child = begin; child != end; ++child) {
      const pid_t pid = child->second.pid;
      if (!descendants.contains(child->second) && !HasMark(pid, mark)) continue;
      AddDescendants(tree, pid, &descendants);
      doomed.push_back(pid);
    }
    if (doomed.empty()) return killed;
    killed += static_cast<int>(doomed.size());
    for (const pid_t pid : doomed) kill(pid, SIGKILL);
    for (const pid_t pid : doomed) AwaitAndReap(pid, deadline);
  } while (Clock::now() < deadline);
  return killed;
}

void ReapOrphans(const std::function<bool(pid_t)>& is_kept) {
  for (;;) {
    siginfo_t ended{};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    if (is_kept(ended.si_pid)) return;
    waitpid(ended.si_pid, nullptr, WNOHANG);
  }
}

}  // namespace gristmill::worker
