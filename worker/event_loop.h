// One thread that handles everything in order, and sleeps until something comes or is due.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "base/instant.h"

namespace gristmill::worker {

class EventLoop {
 public:
  // `due` is asked for the next deadline, `tick` called when it passed; both on the loop's thread.
  EventLoop(std::function<Instant()> due, std::function<void()> tick);
  ~EventLoop() { Stop(); }

  // Thread-safe, never blocks. Each source has a bounded number of events outstanding (a stream
  // one message, a process its death), which bounds the queue.
  void Post(std::function<void()> event);
  // Ends the thread after the event that it handles; the others are dropped. Not to be called on
  // the loop's thread.
  void Stop();
  static Instant Now();

 private:
  void Run();
  bool HasEventOrStops() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queue_.empty();
  }

  const std::function<Instant()> due_;
  const std::function<void()> tick_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace gristmill::worker
