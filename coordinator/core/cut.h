// Running tasks that have much left to read: they may give up the rest of their split to a new
// task, for which slots are idle.
#pragma once

#include <cstdint>

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// Pieces of one stage, at most.
constexpr std::uint32_t kPiecesMax = 10'000;

// Whether the attempt could be asked once it has progress: its worker can be told and is not slow
// itself, and nothing went wrong with its task.
bool MayBeCut(const Turn& turn, const RunningAttempt& running);

// The running attempt says that its split ends at `cut_at`, counted from the beginning of its
// task's part. If that is news, the rest becomes a new task that waits. Another attempt of the
// task, which reads too much, ends.
void TakeCut(Turn& turn, AttemptId attempt, std::uint64_t cut_at);

}  // namespace gristmill::coordinator
