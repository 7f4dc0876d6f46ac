// Seeds that once failed, one run a line as `gristmill simulate` takes it:
//   --seed 7 --workers 5 --tasks 30 --faults all
// Empty lines and what follows a '#' do not count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "simulation/options.h"

namespace gristmill::simulation {

// InvalidArgument names the line that is no run.
absl::StatusOr<std::vector<Options>> ParseSeeds(std::string_view text);
// The run as such a line, and why it is there.
std::string SeedLine(const Options& options, std::string_view violation);

}  // namespace gristmill::simulation
