// A job as the core sees it: stages, edges and counts; no inputs, outputs or parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

struct JobShape {
  std::string name;
  std::vector<StageShape> stages;
  std::uint32_t max_attempts = 4;      // failures of one task that fail the job
  bool has_output = true;              // whether CommitOutput is to run when all stages are done
  std::uint32_t skip_bad_records = 0;  // records that may be set aside; one more fails the job
  friend bool operator==(const JobShape&, const JobShape&) = default;
};

}  // namespace gristmill::coordinator
