// Processes that this one starts, and that end with it.
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

namespace gristmill::cluster {

// The children that run now. Thread-safe.
class ChildSet {
 public:
  // Those that run now, and at once whoever is added after it.
  void KillAll();
  void Add(pid_t pid);
  void Remove(pid_t pid);

 private:
  absl::Mutex mutex_;
  std::set<pid_t> pids_ ABSL_GUARDED_BY(mutex_);
  bool killed_ ABSL_GUARDED_BY(mutex_) = false;
};

struct ChildOptions {
  std::vector<std::string> argv;  // argv[0] is a path
  std::string ready;  // how the line on its stderr begins that says that it is ready; may be empty
  std::string log = {};  // a file to which its stderr is appended; empty: none
  int network = -1;      // a descriptor of the network namespace that it lives in; -1: ours
};

// Start it on a thread that lives as long as the process should. For the rest used by one thread.
class ChildProcess {
 public:
  // `children` outlives the object.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(ChildOptions options,
                                                             ChildSet* children);
  // Asks it to end and waits; after five seconds it is killed.
  ~ChildProcess();

  // The line that says that it is ready. Unavailable with its last words if it ended before, or
  // the deadline passed.
  absl::StatusOr<std::string> WaitUntilReady(DurationMs deadline_ms);

  pid_t pid() const { return pid_; }
  bool HasEnded() const;
  // Its last lines on stderr, each indented on a line of its own; " none" if it wrote none.
  std::string LastWords();
  // Sends SIGKILL and waits for the end.
  void Kill();

 private:
  ChildProcess(pid_t pid, int stderr_fd, int log_fd, ChildOptions options, ChildSet* children);
  void ReadLines();
  void TakeLine(std::string line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsDecided() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const pid_t pid_;
  const int stderr_fd_;
  const int log_fd_;  // -1: none
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
// The same, in that network namespace (-1: ours) and without its output, which becomes part of the
// status if it fails.
absl::Status RunQuietly(std::vector<std::string> argv, int network, DurationMs deadline_ms,
                        ChildSet* children);

}  // namespace gristmill::cluster
