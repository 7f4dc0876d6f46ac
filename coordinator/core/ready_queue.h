// The waiting tasks of one stage: a cursor over those never tried, and two ordered sets of those
// that came back. No memory per fresh task.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/container/btree_set.h"

namespace gristmill::coordinator {

class ReadyQueue {
 public:
  explicit ReadyQueue(std::uint32_t task_count) : task_count_(task_count) {}

  bool empty() const;
  // Lowest task that any worker may take.
  std::optional<std::uint32_t> first_for_anyone() const;
  // Tasks that wait again and may go anywhere.
  const absl::btree_set<std::uint32_t>& requeued() const { return requeued_; }
  // Tasks that went wrong on some worker and look for another one.
  const absl::btree_set<std::uint32_t>& choosy() const { return choosy_; }
  // Tasks below were tried before.
  std::uint32_t next_fresh() const { return next_fresh_; }

  // There is one more fresh task, the last one.
  void AddFresh() { ++task_count_; }
  // `task` was taken before and waits again.
  void Requeue(std::uint32_t task, bool choosy);
  // `task` waits in the queue; a fresh one is the next fresh one.
  void Take(std::uint32_t task);
  // No task looks for a certain worker any more.
  void LetAllGoAnywhere();
  void Clear();
  // In an empty queue's place: tasks below were tried before, none of them waits.
  void Restore(std::uint32_t next_fresh);

 private:
  std::uint32_t task_count_;
  std::uint32_t next_fresh_ = 0;
  absl::btree_set<std::uint32_t> requeued_;
  absl::btree_set<std::uint32_t> choosy_;
};

}  // namespace gristmill::coordinator
