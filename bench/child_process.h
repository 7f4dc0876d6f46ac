// Processes that a benchmark starts, and that end with it.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/instant.h"

namespace gristmill::bench {

// The children that run now. Thread-safe.
class ChildSet {
 public:
  void KillAll();
  void Add(pid_t pid);
  void Remove(pid_t pid);

 private:
  absl::Mutex mutex_;
  std::set<pid_t> pids_ ABSL_GUARDED_BY(mutex_);
};

class ChildProcess {
 public:
  // Starts argv[0], which is a path. `ready` is how the line on its stderr begins that says it is
  // ready. `children` outlives the object.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(std::vector<std::string> argv,
                                                             std::string ready, ChildSet* children);
  // Asks it to end and waits; after five seconds it is killed.
  ~ChildProcess();

  // The line that says that it is ready. Unavailable with its last words if it ended before, or
  // the deadline passed.
  absl::StatusOr<std::string> WaitUntilReady(DurationMs deadline_ms);

 private:
  ChildProcess(pid_t pid, int stderr_fd, std::string name, std::string ready, ChildSet* children);
  void ReadLines();
  void TakeLine(std::string line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsDecided() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const pid_t pid_;
  const int stderr_fd_;
  const std::string name_;
  const std::string ready_;
  ChildSet* const children_;
  absl::Mutex mutex_;
  std::deque<std::string> last_lines_ ABSL_GUARDED_BY(mutex_);
  std::string ready_line_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

// Runs argv to its end and returns its stdout. Its stderr is ours.
absl::StatusOr<std::string> RunToEnd(std::vector<std::string> argv, DurationMs deadline_ms,
                                     ChildSet* children);

}  // namespace gristmill::bench
