#include "stream/child_groups.h"

#include <signal.h>

namespace gristmill::stream {

ChildGroups& ChildGroups::OfThisProcess() {
  static auto& groups = *new ChildGroups;  // for threads that outlive main
  return groups;
}

bool ChildGroups::Add(pid_t group) {
  const std::lock_guard lock(mutex_);
  if (!killed_) groups_.insert(group);
  return !killed_;
}

void ChildGroups::Remove(pid_t group) {
  const std::lock_guard lock(mutex_);
  groups_.erase(group);
}

void ChildGroups::KillAll() {
  const std::lock_guard lock(mutex_);
  killed_ = true;
  for (const pid_t group : groups_) kill(-group, SIGKILL);
}

}  // namespace gristmill::stream
