// What to do about tasks that keep a job waiting while slots are idle.
#pragma once

#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// To be called at the end of a turn, after slots were assigned: while some are idle and something
// runs, a look at the slow attempts is due now and then.
void ScheduleLook(Turn& turn);

// If a look is due: does something about the attempts that seem to end last.
//
// One that may be cut (cut.h) and has much left to read is asked to give up half of that, which
// another slot then reads: a copy would take as long. So many are asked as slots are idle. Of two
// attempts of a task the one that is ahead is asked, unless the other one catches up with it; when
// it is cut the other one ends.
//
// Any other gets a copy, in the manner of LATE (Zaharia et al., OSDI 2008); so does one that was
// asked and does not answer, for its code may hang, and one that may be on a slow worker: it takes
// far longer for a record than others did, and a copy that does not would end before half of what
// is left. If the copy is no faster the records are dear ones, and the attempt is cut. An attempt's
// share of its work is its records so far over those of the stage's finished tasks, which judges
// slow workers and leaves large tasks in peace. A copy runs on another worker that is not slow
// itself, if a fresh attempt would likely end sooner; at most a tenth of the slots run copies.
//
// Costs a look at every running attempt of jobs that have nothing waiting.
void SpeculateIfDue(Turn& turn);

}  // namespace gristmill::coordinator
