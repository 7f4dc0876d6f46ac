#include "worker/event_loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "base/check.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kEventsMax = 1 << 20;

absl::Duration Until(Instant due, Instant now) {
  if (due == kNever) return absl::InfiniteDuration();
  return absl::Milliseconds(std::max<DurationMs>(due - now, 0));
}

}  // namespace

EventLoop::EventLoop(std::function<Instant()> due, std::function<void()> tick)
    : due_(std::move(due)), tick_(std::move(tick)), thread_([this] { Run(); }) {}

void EventLoop::Post(std::function<void()> event) {
  absl::MutexLock lock(&mutex_);
  GM_CHECK(queue_.size() < kEventsMax);
  queue_.push_back(std::move(event));
}

void EventLoop::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

Instant EventLoop::Now() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
  return {duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count()};
}

void EventLoop::Run() {
  for (;;) {
    std::deque<std::function<void()>> events;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(this, &EventLoop::HasEventOrStops),
                              Until(due_(), Now()));
      if (stopping_) return;
      events.swap(queue_);
    }
    for (const std::function<void()>& event : events) event();
    if (Now() >= due_()) tick_();
  }
}

}  // namespace gristmill::worker
