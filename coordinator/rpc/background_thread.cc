#include "coordinator/rpc/background_thread.h"

#include <deque>

namespace gristmill::coordinator {
namespace {
constexpr DurationMs kWaitMs = 60'000;
}  // namespace

BackgroundThread::BackgroundThread(std::size_t queue_max)
    : queue_(queue_max), thread_([this] { Loop(); }) {}

BackgroundThread::~BackgroundThread() { Stop(); }

void BackgroundThread::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void BackgroundThread::Loop() {
  while (true) {
    const bool closed = queue_.closed();
    const std::deque<std::function<void()>> taken = queue_.TakeAll(kWaitMs);
    if (closed && taken.empty()) return;
    for (const auto& work : taken) work();
  }
}

}  // namespace gristmill::coordinator
