// What each task of a stage reads: at first a planned split each; then some tasks are cut in two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "base/task_part.h"

namespace gristmill::coordinator {

// Where a task begins that is not in the plan.
struct Piece {
  std::uint32_t planned = 0;
  std::uint64_t begin = 0;
  friend constexpr auto operator<=>(const Piece&, const Piece&) = default;
};
using TaskEnd = std::pair<std::uint32_t, std::uint64_t>;  // task, where it ends

// No memory per task that was not cut. The parts of all tasks tile the planned splits.
class TaskParts {
 public:
  explicit TaskParts(std::uint32_t planned_count) : planned_count_(planned_count) {}

  std::uint32_t planned_count() const { return planned_count_; }
  std::uint32_t count() const {
    return planned_count_ + static_cast<std::uint32_t>(pieces_.size());
  }
  TaskPart of(std::uint32_t task) const;
  // It reads what the plan has for it.
  bool IsWhole(std::uint32_t task) const { return task < planned_count_ && !ends_.contains(task); }
  // All tasks in the order of what they read.
  std::vector<std::uint32_t> InInputOrder() const;

  // The task, which exists, ends at `at`, within its part; what it gives up is the next new task's.
  void Cut(std::uint32_t task, std::uint64_t at);

  const std::vector<Piece>& pieces() const { return pieces_; }  // by task
  const absl::btree_map<std::uint32_t, std::uint64_t>& ends() const {
    return ends_;
  }  // of those cut
  // In the place of no pieces.
  void Restore(std::vector<Piece> pieces, const std::vector<TaskEnd>& ends);

 private:
  std::uint32_t planned_count_;
  std::vector<Piece> pieces_;
  absl::btree_map<std::uint32_t, std::uint64_t> ends_;
};

}  // namespace gristmill::coordinator
