#include "base/stall_watch.h"

#include <utility>

#include "absl/time/time.h"

namespace gristmill {

StallWatch::StallWatch(DurationMs patience_ms, std::function<void()> on_stall)
    : patience_(patience_ms),
      on_stall_(std::move(on_stall)),
      last_(std::chrono::steady_clock::now()),
      thread_([this] { Run(); }) {}

StallWatch::~StallWatch() {
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }
  thread_.join();
}

void StallWatch::Progress() {
  absl::MutexLock lock(&mutex_);
  last_ = std::chrono::steady_clock::now();
}

bool StallWatch::stalled() const {
  absl::MutexLock lock(&mutex_);
  return stalled_;
}

void StallWatch::Run() {
  {
    absl::MutexLock lock(&mutex_);
    // Progress wakes nobody: it moves the deadline that is looked at when the old one is over.
    for (;;) {
      const auto left = last_ + patience_ - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      if (mutex_.AwaitWithTimeout(absl::Condition(&done_), absl::FromChrono(left))) return;
    }
    stalled_ = true;
  }
  on_stall_();
}

}  // namespace gristmill
