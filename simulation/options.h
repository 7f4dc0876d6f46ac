// What a run is told and what it tells.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "simulation/event_heap.h"
#include "simulation/faults.h"
#include "simulation/load.h"
#include "simulation/sabotage.h"

namespace gristmill::simulation {

struct Options {
  std::uint64_t seed = 1;
  std::uint32_t workers = 0;  // 0: drawn from the seed, 2 to 9
  std::uint32_t tasks = 0;    // of all jobs together; 0: drawn from the seed, 5 to 120
  FaultSet faults = FaultSet::All();
  Sabotage sabotage = Sabotage::kNone;  // tests only
  // In the place of jobs and costs drawn from the seed; without faults, and with workers and tasks.
  std::optional<Load> load = {};
  // Called with each line of the run's history, if there is such a function.
  std::function<void(Microseconds, const std::string&)> tell = {};
};

struct Summary {
  std::string violation;  // a sentence; empty if everything held
  std::uint32_t workers = 0;
  std::uint32_t tasks = 0;  // as planned
  std::uint32_t jobs = 0;
  std::uint64_t events = 0;  // taken off the heap
  std::uint64_t digest = 0;  // of those: equal if the run was the same
  Microseconds virtual_time = 0;
  std::uint64_t attempts = 0;         // started
  std::uint64_t copies = 0;           // of those, second ones of running tasks
  std::uint64_t cuts = 0;             // tasks that gave up some of their input
  std::uint64_t skips = 0;            // records that were set aside
  std::uint64_t wide = 0;             // attempts that took more than a slot
  std::uint64_t left_out = 0;         // tasks that failed for good without failing their job
  std::uint64_t suspended = 0;        // times that a job was
  std::uint64_t resumed = 0;          // of those, the ones after which it went on
  std::uint64_t tasks_succeeded = 0;  // attempts that counted, those run again included
  std::uint64_t outputs_lost = 0;
  std::uint64_t workers_lost = 0;
  std::uint64_t coordinator_crashes = 0;
  std::uint64_t faults = 0;  // injected
  // From the first submission until no job was open; of that the coordinator's turns and, if there
  // is a load, what its other threads had to read.
  Microseconds job_time = 0, coordinator_decided = 0, coordinator_read = 0;
};

// "--seed 7 --workers 5 --tasks 30 --faults all": reproduces the run.
std::string FlagsOf(const Options& options);

}  // namespace gristmill::simulation
