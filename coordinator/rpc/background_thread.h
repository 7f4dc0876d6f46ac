// One thread for blocking work that the shell must not do itself.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>

#include "coordinator/rpc/bounded_queue.h"

namespace gristmill::coordinator {

// Thread-safe. Runs what it is given, one after the other, in order.
class BackgroundThread {
 public:
  explicit BackgroundThread(std::size_t queue_max);
  // Finishes what is queued.
  ~BackgroundThread();
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

  // False when the queue is full or the thread is stopping.
  bool TryRun(std::function<void()> work) { return queue_.TryPush(std::move(work)); }
  // For work of which each job has one piece: never refused for lack of room.
  bool Run(std::function<void()> work) { return queue_.Push(std::move(work)); }
  // As the destructor.
  void Stop();

 private:
  void Loop();

  BoundedQueue<std::function<void()>> queue_;
  std::thread thread_;
};

}  // namespace gristmill::coordinator
