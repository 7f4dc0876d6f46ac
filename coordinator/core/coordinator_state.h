// The hidden half of Coordinator, for the files that implement it.
#pragma once

#include "coordinator/core/cluster_state.h"
#include "coordinator/core/coordinator.h"

namespace gristmill::coordinator {

struct Coordinator::State : ClusterState {
  using ClusterState::ClusterState;
};

}  // namespace gristmill::coordinator
