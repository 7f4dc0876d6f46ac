// What single tasks have to do with it: stragglers, and partitions with too much in them.
#pragma once

#include <vector>

#include "cli/explanation.h"

namespace gristmill::cli {

void ExplainAttempts(const v1::JobFacts& facts, std::vector<Finding>* findings);

}  // namespace gristmill::cli
