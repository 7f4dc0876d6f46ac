// `gristmill simulate`: seeds of a virtual cluster, one after the other.
#pragma once

#include <cstdint>
#include <string>

#include "simulation/options.h"

namespace gristmill::cli {

struct SimulateFlags {
  simulation::Options options;
  std::uint64_t seeds = 1;
  std::string faults = "all";
  std::string for_at_most;  // a duration; empty: until all seeds are done
  bool history = false;
  std::string failures = "simulation-failures.txt";
};

// Prints a summary. Each seed that broke a promise is told on stderr and appended to the file of
// failures; the exit code is then 1.
int RunSimulate(const SimulateFlags& flags);

}  // namespace gristmill::cli
