// The process groups of all programs that run now in tasks of this process.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <set>

namespace gristmill::stream {

// Thread-safe.
class ChildGroups {
 public:
  static ChildGroups& OfThisProcess();

  // False after KillAll: then whoever asks is to kill it.
  bool Add(pid_t group);
  // Before its leader is reaped, for then the number may be given to another process.
  void Remove(pid_t group);
  // For a process that ends without ending its tasks.
  void KillAll();

 private:
  std::mutex mutex_;
  std::set<pid_t> groups_;  // guarded by mutex_
  bool killed_ = false;     // guarded by mutex_
};

}  // namespace gristmill::stream
