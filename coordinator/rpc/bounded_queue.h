// A queue that many threads fill and one thread empties in batches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/instant.h"

namespace gristmill::coordinator {

// Thread-safe.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t size_max) : size_max_(size_max) {}

  // False when the queue is full or closed: the caller refuses what it was asked.
  bool TryPush(T item) {
    absl::MutexLock lock(&mutex_);
    if (closed_ || items_.size() >= size_max_) return false;
    items_.push_back(std::move(item));
    return true;
  }

  // Past the bound: for senders that never have more than a few items in the queue each. False
  // once closed.
  bool Push(T item) {
    absl::MutexLock lock(&mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    return true;
  }

  // Everything queued. Waits until there is something, `wait_ms` are over or the queue is closed.
  std::deque<T> TakeAll(DurationMs wait_ms) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &BoundedQueue::HasNews),
                            absl::Milliseconds(std::max<DurationMs>(wait_ms, 0)));
    return std::exchange(items_, {});
  }

  // No more items are taken in; those inside can still be taken out.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  bool closed() const {
    absl::MutexLock lock(&mutex_);
    return closed_;
  }

 private:
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || !items_.empty(); }

  const std::size_t size_max_;
  mutable absl::Mutex mutex_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gristmill::coordinator
