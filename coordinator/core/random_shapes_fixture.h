// Jobs and workers of any shape, drawn from a seed.
#pragma once

#include <cstdint>
#include <random>

#include "coordinator/core/coordinator.h"

namespace gristmill::coordinator {

class RandomShapes {
 public:
  explicit RandomShapes(std::uint64_t seed) : random_(seed) {}

  // At least 0 and less than `bound`.
  std::uint32_t Below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  // The index of a task that a stage may have.
  std::uint32_t AnyTask() { return Below(kTasksMax); }
  JobShape AnyJob();
  WorkerResources AnyWorker();
  // Has enough for every job.
  static WorkerResources CapableWorker() {
    return {kSlotsMax, kMemoryMax, kGpusMax, {"big", "ssd"}};
  }

 private:
  static constexpr std::uint32_t kTasksMax = 9;
  // Of one worker.
  static constexpr std::uint32_t kSlotsMax = 4;
  static constexpr std::uint32_t kMemoryMax = 8;
  static constexpr std::uint32_t kGpusMax = 2;

  // What is left out must not depend on where tasks were cut.
  void AllowFailures(JobShape* shape);
  // Of which a capable worker has enough.
  TaskNeeds AnyNeeds();
  // Of stages that are only read by shuffles.
  void LetTasksBeCut(JobShape* shape);

  std::mt19937_64 random_;
};

}  // namespace gristmill::coordinator
