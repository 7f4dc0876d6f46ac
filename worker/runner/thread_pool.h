// A fixed number of threads and a bounded queue of work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace gristmill::worker {

// Thread-safe. The destructor finishes what was submitted; call it from no thread of the pool.
class ThreadPool {
 public:
  ThreadPool(std::uint32_t threads, std::size_t queue_max);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False, and nothing was done, if `queue_max` works wait already. `work` must not throw.
  bool Submit(std::function<void()> work);
  // Work waits for a thread.
  bool HasWaiting() const;
  // Which of its pool's threads calls, counted from zero; zero on any other thread.
  static std::uint32_t ThisThread();

 private:
  void Serve(std::uint32_t thread);
  bool HasWorkOrEnds() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return ending_ || !queue_.empty();
  }

  const std::size_t queue_max_;
  mutable absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace gristmill::worker
