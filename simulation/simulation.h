// A virtual cluster on a virtual clock: the real coordinator core, worker core and journal under
// faults drawn from a seed. docs/simulation.md.
#pragma once

#include "simulation/options.h"

namespace gristmill::simulation {

// Runs one seed to its end or to the first violation. Same options: same summary. No clock, thread
// or file; several may run at once on different threads.
Summary Simulate(const Options& options);

}  // namespace gristmill::simulation
