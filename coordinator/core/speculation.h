// Second attempts of tasks that run much slower than their like.
#pragma once

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// To be called at the end of a turn, after slots were assigned: while some are idle and something
// runs, a look at the slow attempts is due now and then.
void ScheduleLook(Turn& turn);

// If a look is due: gives idle slots to copies of the attempts that seem to end last, in the manner
// of LATE (Zaharia et al., OSDI 2008). An attempt's share of its work is its records so far over
// those of the stage's finished tasks, which judges slow workers and leaves large tasks in peace.
// A copy runs on another worker that is not slow itself, if a fresh attempt would likely end
// sooner; at most a tenth of the slots run copies. Costs a look at every running attempt of jobs
// that have nothing waiting.
void SpeculateIfDue(Turn& turn);

}  // namespace gristmill::coordinator
