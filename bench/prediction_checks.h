// Real runs beside their predictions: is the model right where it can be compared?
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cluster/child_process.h"
#include "gristmill/v1/report.pb.h"
#include "simulation/load.h"

namespace gristmill::bench {

// Empty tasks and computing ones on one and two workers, and tasks that wait on more slots than
// this machine has processors. A minute, a third of that if `quick`.
absl::StatusOr<std::vector<v1::PredictionCheck>> CheckPredictions(const std::string& directory,
                                                                  const simulation::Costs& costs,
                                                                  bool quick,
                                                                  cluster::ChildSet* children);

}  // namespace gristmill::bench
