// What is said of a task that ran too long, by whoever stopped it.
#pragma once

#include <string>

#include "base/instant.h"

namespace gristmill {

// One sentence for the user, without the task.
std::string DescribeTaskTimeout(DurationMs timeout_ms);
// Likewise, where the limit is a share of the median of its stage.
std::string DescribeMedianTimeout(DurationMs timeout_ms);

}  // namespace gristmill
