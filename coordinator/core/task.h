// One task of a stage, as the journal keeps it.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace gristmill::coordinator {

enum class TaskState : std::uint8_t { kWaiting, kRunning, kSucceeded, kLeftOut };

struct Task {
  AttemptId attempt;  // running or succeeded; else none
  WorkerId worker;    // of that attempt; may be gone if the output is not needed any more
  std::uint32_t failures = 0;
  TaskState state = TaskState::kWaiting;
  bool counted : 1 = false;  // its counters and its result were folded, at its first success
  bool alone : 1 = false;    // its next attempt is to have a runner of its own
  std::uint16_t uncounted_ends = 0;  // of its attempts, without success or failure; saturates
};
static_assert(sizeof(Task) == 24);

// A second attempt of a running task, younger than the first.
struct Copy {
  AttemptId attempt;
  WorkerId worker;
};

}  // namespace gristmill::coordinator
