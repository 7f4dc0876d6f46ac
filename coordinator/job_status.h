// A job's status as clients see it, from what the core and its plan say. Used by the coordinator
// and by the embedded run.
#pragma once

#include <vector>

#include "coordinator/core/coordinator.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Without what only the caller knows: id, times and the cluster's size.
v1::JobStatus StatusOf(const JobView& job, const v1::JobPlan& plan);

// Sorted by name, as the core has them.
std::vector<v1::Counter> CountersOf(const JobView& job);

}  // namespace gristmill::coordinator
