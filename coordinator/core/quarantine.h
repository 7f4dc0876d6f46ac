// Keeps work away, for a while, from workers on which goes wrong what works elsewhere.
//
// A failed attempt alone proves nothing: it may be the job's own fault. Evidence against a worker,
// a strike, is a task that failed there and then succeeded on another worker, or an output of the
// worker that readers on two other workers could not fetch. Strikes and successes move an average;
// a worker above kTroubleMax gets no new attempts for Limits::quarantine_ms, twice as long at each
// relapse, and comes back on probation. What it runs goes on, what it finished stays.
//
// At most every second worker is in quarantine at a time: with half of the cluster in trouble it is
// no longer a question of single hosts.
#pragma once

#include <vector>

#include "base/ids.h"
#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// The task failed on the worker by what seems to be the user's code.
void NoteFailure(Turn& turn, const TaskRef& task, WorkerId worker);

// The task succeeded on `winner`. To be called before its workers to avoid are forgotten.
void NoteSuccess(Turn& turn, const TaskRef& task, WorkerId winner);

// The output of a task, and who has it as far as is known: nobody if another reader missed it
// before, so that the task is to run again.
struct MissedOutput {
  TaskRef output;
  WorkerId holder;
};
// An attempt on `reader` could not fetch these.
void NoteMissedOutputs(Turn& turn, const std::vector<MissedOutput>& missed, WorkerId reader);

// Lets workers go whose time is over, or whom the cluster can't do without any more. To be called
// in every turn before slots are given out.
void ReviewQuarantine(Turn& turn);

}  // namespace gristmill::coordinator
