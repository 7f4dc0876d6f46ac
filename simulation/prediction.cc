#include "simulation/prediction.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"
#include "simulation/simulation.h"

namespace gristmill::simulation {

absl::StatusOr<Prediction> Predict(std::uint32_t workers, std::uint32_t tasks, const Load& load,
                                   std::uint64_t seed) {
  GM_CHECK(workers > 0 && tasks > 0);
  const Summary run = Simulate(
      {.seed = seed, .workers = workers, .tasks = tasks, .faults = FaultSet::None(), .load = load});
  if (!run.violation.empty()) {
    return Internal("the simulation of {} workers broke a promise: {}", workers, run.violation);
  }
  const auto job_time = static_cast<double>(run.job_time);
  const double work = static_cast<double>(tasks) * static_cast<double>(load.task_time);
  Prediction prediction;
  prediction.seconds = job_time / kSecond;
  prediction.speed_up = work / job_time;
  prediction.efficiency = prediction.speed_up / workers / load.slots;
  prediction.coordinator_share =
      static_cast<double>(std::max(run.coordinator_decided, run.coordinator_read)) / job_time;
  return prediction;
}

}  // namespace gristmill::simulation
