// The writing half of a stream: messages go out in order, one at a time, from a bounded queue.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace gristmill::worker {

// `Reactor` has StartWrite(const Message*), whose end is told to OnWriteDone. Thread-safe.
//
// A write costs a system call and wakes the other side. So what comes while one is under way may be
// put into one message, as Nagle's algorithm does for bytes: a stream that nobody hurries speaks at
// once, a busy one in batches.
template <class Reactor, class Message>
class StreamWriter {
 public:
  static constexpr std::size_t kWaitingBytesMax = std::size_t{256} << 20;

  // Moves `next` to the end of `last`, or returns false and leaves both as they are.
  using Merge = bool (*)(Message* last, Message* next);

  StreamWriter(Reactor* reactor, std::size_t waiting_max, Merge merge = nullptr,
               std::size_t waiting_bytes_max = kWaitingBytesMax)
      : reactor_(reactor),
        waiting_max_(waiting_max),
        waiting_bytes_max_(waiting_bytes_max),
        merge_(merge) {}

  // False if the other side takes nothing while so many messages or bytes wait; the message is
  // dropped then, and the stream should be given up. On a closed stream it is dropped silently.
  bool Send(Message message) {
    absl::MutexLock lock(&mutex_);
    if (closed_) return true;
    const std::size_t bytes = message.ByteSizeLong();
    // Any one message may go.
    if (!waiting_.empty() && waiting_bytes_ + bytes > waiting_bytes_max_) return false;
    // The first is being written; another one that waits is not.
    if (merge_ != nullptr && waiting_.size() > 1 && last_bytes_ + bytes <= kMergedBytesMax &&
        merge_(&waiting_.back(), &message)) {
      last_bytes_ += bytes;
      waiting_bytes_ += bytes;
      return true;
    }
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(message));
    last_bytes_ = bytes;
    waiting_bytes_ += bytes;
    if (!writing_) StartNext();
    return true;
  }

  void OnWriteDone(bool ok) {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    const std::size_t written = waiting_.front().ByteSizeLong();
    waiting_.pop_front();
    // What was merged may have become some bytes smaller: an empty queue sets it right.
    waiting_bytes_ -= std::min(waiting_bytes_, written);
    if (waiting_.empty()) waiting_bytes_ = 0;
    if (!ok) closed_ = true;
    if (!closed_ && !waiting_.empty()) StartNext();
  }

  // No write is started any more once it returned.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  // Waits until everything went out or nothing can; false at the deadline.
  bool Flush(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(this, &StreamWriter::Idle), timeout);
  }

 private:
  // The mutex may be held: gRPC ends writes that another thread started on threads of its own.
  void StartNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    writing_ = true;
    reactor_->StartWrite(&waiting_.front());
  }
  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_ || waiting_.empty(); }

  static constexpr std::size_t kMergedBytesMax = 1 << 20;

  Reactor* const reactor_;
  const std::size_t waiting_max_;
  const std::size_t waiting_bytes_max_;
  const Merge merge_;
  absl::Mutex mutex_;
  std::deque<Message> waiting_ ABSL_GUARDED_BY(mutex_);    // the first is being written if writing_
  std::size_t last_bytes_ ABSL_GUARDED_BY(mutex_) = 0;     // of the last that waits
  std::size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of all
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gristmill::worker
