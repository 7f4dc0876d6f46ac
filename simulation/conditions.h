// The weather of one run, drawn from its seed: which of the allowed faults come up, how often, and
// how large the cluster and its work are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "base/xoshiro.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/journal/journal.h"
#include "simulation/event_heap.h"
#include "simulation/faults.h"
#include "simulation/load.h"
#include "simulation/options.h"

namespace gristmill::simulation {

struct Conditions {
  std::uint32_t workers = 0;
  std::uint32_t tasks = 0;
  std::vector<coordinator::JobShape> jobs;
  FaultSet faults;    // those of the options that this seed brings up
  bool calm = false;  // the second phase: no fault any more
  Microseconds calm_since = 0;

  coordinator::Limits limits;
  coordinator::JournalOptions journal;
  Microseconds task_time = 0;     // mean
  Microseconds message_time = 0;  // mean
  Microseconds sync_time = 0;     // mean, of the journal
  Microseconds first_submission = kSecond;
  Microseconds faults_until = 0;      // when calm begins
  Microseconds ends_by = 0;           // after the begin of calm: every job
  Microseconds fault_period = 0;      // mean, per kind of fault; more often in large clusters
  std::uint32_t task_failure_of = 0;  // one attempt in so many fails
  std::uint32_t large_task_of = 1;    // one task in so many of those that may be cut takes longer
  DurationMs task_timeout_ms = 0;     // most time of an attempt; zero: no limit
  bool has_needs = false;             // some tasks take more than a slot of any worker
  std::optional<Load> load;           // what things take, in the place of the above

  bool may(Fault fault) const { return !calm && faults.contains(fault); }
  // How many times longer than others the task takes on any worker, if it may be cut.
  Microseconds WorkOf(const TaskRef& task) const;
  // If has_needs: of the host with so many slots. The first one suffices for every job.
  coordinator::WorkerResources ResourcesOf(std::uint32_t host, std::uint32_t slots) const;
  // Small clusters are checked after each turn of the coordinator, large ones now and then.
  bool is_small() const { return workers <= kSmallWorkers && tasks <= kSmallTasks; }

  static constexpr std::uint32_t kSlotsMean = 4;
  static constexpr std::uint32_t kSmallWorkers = 16;
  static constexpr std::uint32_t kSmallTasks = 1'000;
};

Conditions DrawConditions(const Options& options, Xoshiro& random);

}  // namespace gristmill::simulation
