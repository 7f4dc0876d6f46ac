// A deadline by progress: for work of any length that must not stand still.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "base/instant.h"

namespace gristmill {

// Thread-safe.
class StallWatch {
 public:
  // Calls `on_stall`, once and on a thread of its own, when `patience_ms` pass without Progress.
  StallWatch(DurationMs patience_ms, std::function<void()> on_stall);
  // From then on it is not called.
  ~StallWatch();
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  void Progress();
  bool stalled() const;

 private:
  void Run();

  const std::chrono::milliseconds patience_;
  const std::function<void()> on_stall_;
  mutable absl::Mutex mutex_;
  std::chrono::steady_clock::time_point last_ ABSL_GUARDED_BY(mutex_);
  bool stalled_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace gristmill
