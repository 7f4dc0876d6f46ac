// The tools under which a task can run.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "replay/replay.h"

namespace gristmill::replay {

// The command line that runs `command` under the tool; files it writes go into `directory`.
std::vector<std::string> UnderTool(Tool tool, std::vector<std::string> command,
                                   const std::string& directory);

// What to do once it ended; may be empty.
std::string HintAfter(Tool tool, const std::string& directory);

// This process becomes that program. Returns only if it can't: NotFound if it is not installed.
absl::Status Become(const std::vector<std::string>& command);

// A process that is waited for by one thread, and that another may kill.
class RunningChild {
 public:
  // Starts it and waits for its end: an exit code, or 128 and the signal's number, as in a shell.
  absl::StatusOr<int> RunAndWait(const std::vector<std::string>& command);
  // Nothing if it does not run. Thread-safe.
  void Kill();

 private:
  absl::Mutex mutex_;
  pid_t pid_ ABSL_GUARDED_BY(mutex_) = 0;
  bool killed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gristmill::replay
