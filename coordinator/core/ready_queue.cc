#include "coordinator/core/ready_queue.h"

#include "base/check.h"

namespace gristmill::coordinator {

bool ReadyQueue::empty() const {
  return next_fresh_ == task_count_ && requeued_.empty() && choosy_.empty();
}

std::optional<std::uint32_t> ReadyQueue::first_for_anyone() const {
  if (!requeued_.empty()) return *requeued_.begin();
  if (next_fresh_ < task_count_) return next_fresh_;
  return std::nullopt;
}

void ReadyQueue::Requeue(std::uint32_t task, bool choosy) {
  GM_CHECK(task < next_fresh_);
  const bool inserted = (choosy ? choosy_ : requeued_).insert(task).second;
  GM_CHECK(inserted);
}

void ReadyQueue::Take(std::uint32_t task) {
  if (task == next_fresh_) {
    GM_CHECK(task < task_count_);
    ++next_fresh_;
    return;
  }
  const auto erased = requeued_.erase(task) + choosy_.erase(task);
  GM_CHECK(erased == 1);
}

void ReadyQueue::LetAllGoAnywhere() {
  requeued_.insert(choosy_.begin(), choosy_.end());
  choosy_.clear();
}

void ReadyQueue::Clear() {
  next_fresh_ = task_count_;
  requeued_.clear();
  choosy_.clear();
}

void ReadyQueue::Restore(std::uint32_t next_fresh) {
  GM_CHECK(next_fresh <= task_count_ && requeued_.empty() && choosy_.empty());
  next_fresh_ = next_fresh;
}

}  // namespace gristmill::coordinator
