// Who gets the next free slot.
#pragma once

#include <vector>

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// The task waits, or runs elsewhere and is to be run twice; the worker has a slot, or room ahead.
void AssignAttempt(Turn& turn, const TaskRef& task, WorkerId worker);

// Some ready worker that is not to be avoided could run such a task once others end.
bool HasReadyBut(const WorkerPool& workers, const TaskNeeds& needs,
                 const std::vector<WorkerId>& avoided);

// While there are free slots and runnable tasks: the job with the fewest slots in use gives its
// earliest task to the worker with the most free slots, of those that have room for it. Where none
// has, some may be kept (reservation.h). A task that failed on some workers waits
// for another one as long as one is ready; a task whose output could not be read from a worker
// only prefers another one. Costs the assignments made plus, per job whose
// waiting tasks are all choosy, a bounded look.
void AssignFreeSlots(Turn& turn);

// Pipelines short tasks: a worker that just finished one, and whose slots are full, is given more
// of the same job to keep at hand, so that a slot is not idle for the way to the coordinator and
// back. Never so much that the job could regret it: about kAheadUs of work per slot by the stage's
// recent run times, nothing while another job waits for slots, nothing once fewer tasks wait than
// the cluster has slots, and no task that failed before.
void AssignAhead(Turn& turn);

}  // namespace gristmill::coordinator
