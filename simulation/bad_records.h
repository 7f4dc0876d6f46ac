// Records at which the code of jobs that may skip some dies, wherever it runs. Which they are is
// drawn by name, so that every attempt finds the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace gristmill::simulation {

// Where they begin in a planned split, ascending; in most splits there is none.
std::vector<std::uint64_t> BadRecordsOf(JobId job, std::uint32_t stage, std::uint32_t planned);

// The file that is a planned split.
std::string InputPath(std::uint32_t stage, std::uint32_t planned);

}  // namespace gristmill::simulation
