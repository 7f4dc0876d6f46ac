// What took the time of all of a job's tasks together.
#pragma once

#include <vector>

#include "cli/explanation.h"

namespace gristmill::cli {

void ExplainTimes(const v1::JobFacts& facts, std::vector<Finding>* findings);

}  // namespace gristmill::cli
