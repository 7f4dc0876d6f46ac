// How a job would scale on clusters that are not there.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "simulation/load.h"

namespace gristmill::simulation {

struct Prediction {
  double seconds = 0;            // from the submission until the job's end is in the journal
  double speed_up = 0;           // over the tasks one after the other, without a framework
  double efficiency = 0;         // of each slot
  double coordinator_share = 0;  // of that time in which the busier of its two parts was busy
};

// Runs one job of `tasks` (from 1) equal tasks on `workers` (from 1), through the real cores, on
// the virtual clock. Same arguments, same prediction. Internal if the simulation broke a promise.
absl::StatusOr<Prediction> Predict(std::uint32_t workers, std::uint32_t tasks, const Load& load,
                                   std::uint64_t seed);

}  // namespace gristmill::simulation
