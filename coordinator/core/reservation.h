// Slots that are kept free, until there are enough of them, for a task that needs several.
//
// Where narrow tasks take each slot as it becomes free, a wide one would wait for ever. So when it
// is its job's turn for a slot and no worker has room for its task, a worker is chosen on which no
// other such choice was made; of what ends there, as much as the task needs is kept for it. The job
// begins there once there is enough. A choice is given up when its worker takes no tasks, when the
// job has no task for it any more, or began one elsewhere. Nothing of this is journaled.
//
// A job does not wait like that for its own tasks to end, only for those of others.
#pragma once

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// Begins the tasks for which there is room now. To be called before slots are given out.
void ServeReservations(Turn& turn);

// It is the job's turn, and no worker has room.
void ReserveFor(Turn& turn, const Job& job);

}  // namespace gristmill::coordinator
