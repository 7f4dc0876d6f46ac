// Tasks that failed for good: the job fails, or goes on without them as far as it allows that.
#pragma once

#include <string>

#include "base/ids.h"
#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// Of a job's tasks that are left out, so many are kept with the reason.
constexpr std::size_t kLeftOutReasonsMax = 250;
constexpr std::size_t kLeftOutReasonBytesMax = 1'024;  // of each

// The task, no matter whether it waits or is still tried by another attempt, is not to be tried any
// more. `why` is a clause about the task, `job_message` is for the job that it fails. What was
// counted of it before, if it had succeeded once, may be in the output of readers that are done:
// then it can't be left out, since others would not get to see it. Nor can a task whose result
// others get by a broadcast, nor the last one of its stage.
void FailTask(Turn& turn, const TaskRef& task, std::string why, std::string job_message);

}  // namespace gristmill::coordinator
