// A job as the core sees it: stages, edges and counts; no inputs, outputs or parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.h"
#include "coordinator/core/task_needs.h"

namespace gristmill::coordinator {

enum class EdgeKind : std::uint8_t { kShuffle, kBroadcast };

struct EdgeShape {
  std::uint32_t from_stage = 0;  // smaller than the reading stage's index
  EdgeKind kind = EdgeKind::kShuffle;
  friend bool operator==(const EdgeShape&, const EdgeShape&) = default;
};

struct StageShape {
  std::uint32_t task_count = 0;
  std::vector<EdgeShape> inputs;
  // Its running tasks may give up some of their input to new tasks. Only if other stages read it,
  // all by a shuffle.
  bool may_be_cut = false;
  friend bool operator==(const StageShape&, const StageShape&) = default;
};

// How many tasks may fail for good before the job fails; until then it goes on without them.
struct Halt {
  std::uint32_t failures = 1;  // of the job: so many fail it
  std::uint32_t percent = 0;   // if not zero, instead: such a share of the tasks of one stage does
  friend bool operator==(const Halt&, const Halt&) = default;
};

struct JobShape {
  std::string name;
  std::vector<StageShape> stages;
  std::uint32_t max_attempts = 4;      // failures of one task that fail the job
  bool has_output = true;              // whether CommitOutput is to run when all stages are done
  std::uint32_t skip_bad_records = 0;  // records that may be set aside; one more fails the job
  TaskNeeds needs = {};                // of each task
  Halt halt = {};
  // Most time of an attempt on its thread, in percent of its stage's median; zero: no such limit.
  std::uint32_t timeout_percent = 0;
  // Where its tasks would fail the job, it is suspended for so long first; zero: it is not.
  DurationMs hold_ms = 0;
  friend bool operator==(const JobShape&, const JobShape&) = default;
};

}  // namespace gristmill::coordinator
