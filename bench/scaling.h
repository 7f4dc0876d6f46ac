// `gristmill bench scaling`: how one piece of CPU-bound work scales on this machine.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace gristmill::bench {

struct ScalingOptions {
  std::string job = "primes";  // or "pi"
  std::string output = "gristmill-bench";
  std::uint32_t workers_max = 0;  // 0: the CPUs this process may use
  std::uint32_t repetitions = 0;  // 0: 5, or 3 if quick
  bool quick = false;
};

// Times the work as a plain loop, on threads of this process, on worker processes and, where
// python3 is found, in Python, in alternation; prints a table with a verdict on stdout and
// writes scaling.json and scaling.svg. Ctrl-C removes what it started.
absl::Status RunScaling(const ScalingOptions& options);

}  // namespace gristmill::bench
