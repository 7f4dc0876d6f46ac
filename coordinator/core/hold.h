// Suspended jobs: they keep their tasks, what these finished and where they write, but have no
// turn. So that they don't keep it for ever, they fail after a while.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"
#include "coordinator/core/job_state.h"
#include "coordinator/core/turn.h"

namespace gristmill::coordinator {

// With this begins why a job failed whose time was over; then come how long that was, ": " and why
// it was suspended.
constexpr std::string_view kNotResumed = "nobody resumed it within ";

// For which a job is kept that was suspended by command and does not say for how long.
constexpr DurationMs kHoldByCommandMs = 24 * 3'600'000;

// The job runs. Its running attempts are cancelled, which counts against nobody.
void Suspend(Turn& turn, Job& job, std::string message);

// The job's tasks failed it: it is suspended, if it is to be held, else it ends.
void FailByTasks(Turn& turn, Job& job, std::string message);

// Suspended jobs whose time is over fail.
void EndHolds(Turn& turn);

// After a restart: when they were suspended is not known.
void BeginHoldsAnew(Turn& turn);

}  // namespace gristmill::coordinator
