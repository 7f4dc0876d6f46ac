// The writing half of a stream: messages go out in order, one at a time, from a bounded queue.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace gristmill::worker {

// `Reactor` has StartWrite(const Message*), whose end is told to OnWriteDone. Thread-safe.
template <class Reactor, class Message>
class StreamWriter {
 public:
  StreamWriter(Reactor* reactor, std::size_t waiting_max)
      : reactor_(reactor), waiting_max_(waiting_max) {}

  // False if the other side takes nothing while `waiting_max` messages wait; the message is
  // dropped then, and the stream should be given up. On a closed stream it is dropped silently.
  bool Send(Message message) {
    absl::MutexLock lock(&mutex_);
    if (closed_) return true;
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(message));
    if (!writing_) StartNext();
    return true;
  }

  void OnWriteDone(bool ok) {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    waiting_.pop_front();
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

  Reactor* const reactor_;
  const std::size_t waiting_max_;
  absl::Mutex mutex_;
  std::deque<Message> waiting_ ABSL_GUARDED_BY(mutex_);  // the first is being written if writing_
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gristmill::worker
