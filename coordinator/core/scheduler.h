// Who gets the next free slot.
#pragma once

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// While there are free slots and runnable tasks: the job with the fewest running attempts gives its
// earliest task to the worker with the most free slots. A task that failed on some workers waits
// for another one as long as one is ready; a task whose output could not be read from a worker
// only prefers another one. Costs the assignments made plus, per job whose
// waiting tasks are all choosy, a bounded look.
void AssignFreeSlots(Turn& turn);

}  // namespace gristmill::coordinator
