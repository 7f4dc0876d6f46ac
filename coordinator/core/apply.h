// Folding records into the state: the only place that changes what the journal keeps.
#pragma once

#include "coordinator/core/cluster_state.h"
#include "coordinator/core/record.h"

namespace gristmill::coordinator {

// Holds no policy. Aborts on a record that cannot follow the state.
void ApplyRecord(ClusterState& state, const Record& record);

}  // namespace gristmill::coordinator
