// Folding the records of a snapshot (snapshot.cc): each puts a part of a state in its place.
#pragma once

#include "coordinator/core/cluster_state.h"
#include "coordinator/core/record.h"

namespace gristmill::coordinator {

// They abort on a record that cannot follow the state.
void Restore(ClusterState& state, const IdsRestoredRecord& record);
void Restore(ClusterState& state, const StageRestoredRecord& record);
void Restore(ClusterState& state, const TasksRestoredRecord& record);
void Restore(ClusterState& state, const ResultRestoredRecord& record);
void Restore(ClusterState& state, const JobRestoredRecord& record);
void Restore(ClusterState& state, const FinishedRestoredRecord& record);

}  // namespace gristmill::coordinator
