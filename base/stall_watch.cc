#include "base/stall_watch.h"

#include <utility>

#include "absl/time/clock.h"

namespace gristmill {

StallWatch::StallWatch(DurationMs patience_ms, std::function<void()> on_stall)
    : patience_(absl::Milliseconds(patience_ms)),
      on_stall_(std::move(on_stall)),
      last_(absl::Now()),
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
  last_ = absl::Now();
}

bool StallWatch::stalled() const {
  absl::MutexLock lock(&mutex_);
  return stalled_;
}

void StallWatch::Run() {
  {
    absl::MutexLock lock(&mutex_);
    // Progress wakes nobody: it moves the deadline that is looked at when the old one is over.
    for (absl::Time deadline = last_ + patience_; absl::Now() < deadline;
         deadline = last_ + patience_) {
      if (mutex_.AwaitWithDeadline(absl::Condition(&done_), deadline)) return;
    }
    stalled_ = true;
  }
  on_stall_();
}

}  // namespace gristmill
