// Shows a job's progress on stderr: bars redrawn in place on a terminal, else plain lines, at most
// one a second.
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/instant.h"
#include "cli/progress.h"

namespace gristmill::cli {

class ProgressDisplay {
 public:
  explicit ProgressDisplay(bool quiet);
  ~ProgressDisplay();  // calls Finish
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Thread-safe.
  void Update(const v1::JobStatus& status);
  // Draws the last state and stops; the cursor is then below it.
  void Finish();

 private:
  void KeepFresh();
  void DrawBars() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PrintLine(Instant now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool quiet_;
  const bool terminal_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<v1::JobStatus> status_ ABSL_GUARDED_BY(mutex_);
  RateMeter rates_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::size_t> drawn_columns_ ABSL_GUARDED_BY(mutex_);  // of each line drawn last
  Instant last_draw_ ABSL_GUARDED_BY(mutex_);
  std::string last_line_ ABSL_GUARDED_BY(mutex_);
  std::thread refresher_;  // terminals only: the clock goes on while no task ends
};

// Of the monotonic clock and of the wall clock.
Instant MonotonicNow();
std::int64_t UnixNowMs();

}  // namespace gristmill::cli
