// Which part of a job's planned input a task reads.
#pragma once

#include <cstdint>
#include <limits>

namespace gristmill {

// [begin, end) of the split that the plan has for task `planned`, in bytes or integers from the
// split's beginning. All of it, unless a task was cut.
struct TaskPart {
  static constexpr std::uint64_t kPlannedEnd = std::numeric_limits<std::uint64_t>::max();

  std::uint32_t planned = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = kPlannedEnd;
  friend constexpr bool operator==(const TaskPart&, const TaskPart&) = default;
};

}  // namespace gristmill
