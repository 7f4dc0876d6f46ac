// What the framework's work costs, measured on real processes: the costs of a prediction.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cluster/child_process.h"
#include "simulation/load.h"

namespace gristmill::bench {

// On clusters of one and of sixteen workers, which it starts and stops; some twenty seconds, a
// third of that if `quick`. Files go below `directory`.
absl::StatusOr<simulation::Costs> MeasureCosts(const std::string& directory, bool quick,
                                               cluster::ChildSet* children);

}  // namespace gristmill::bench
