#include "worker/runner/thread_pool.h"

#include <utility>

namespace gristmill::worker {
namespace {

thread_local std::uint32_t this_thread = 0;

}  // namespace

std::uint32_t ThreadPool::ThisThread() { return this_thread; }

ThreadPool::ThreadPool(std::uint32_t threads, std::size_t queue_max) : queue_max_(queue_max) {
  threads_.reserve(threads);
  for (std::uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { Serve(i); });
}

ThreadPool::~ThreadPool() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::Submit(std::function<void()> work) {
  absl::MutexLock lock(&mutex_);
  if (queue_.size() >= queue_max_) return false;
  queue_.push_back(std::move(work));
  return true;
}

bool ThreadPool::HasWaiting() const {
  absl::MutexLock lock(&mutex_);
  return !queue_.empty();
}

void ThreadPool::Serve(std::uint32_t thread) {
  this_thread = thread;
  for (;;) {
    std::function<void()> work;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &ThreadPool::HasWorkOrEnds));
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace gristmill::worker
