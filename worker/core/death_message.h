// Why a runner died, in words for the user whose task it ran.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "worker/core/input.h"

namespace gristmill::worker {

// One sentence, then what the handler of the signal saw, at which record the attempt was, and what
// the runner last wrote, as far as known. `attempt` is what the runner is told to have been at, if
// it was one.
std::string DescribeDeath(JobId job, const RunnerDied& died, const AttemptInFlight* attempt,
                          bool connected);

// The runner's stream to its worker broke, though both are on one host.
std::string DescribeLostContact(JobId job, std::string_view last_output);

// The sentence, followed by the end of what the runner wrote.
std::string WithLastOutput(const std::string& sentence, std::string_view written);

}  // namespace gristmill::worker
