// All jobs by id, and the order in which they take free slots.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/container/btree_set.h"
#include "base/ids.h"
#include "coordinator/core/job_state.h"

namespace gristmill::coordinator {

class JobTable {
 public:
  // Fewest running attempts first, then the one that has waited longest for a slot: with more jobs
  // than slots, each has its turn.
  struct Turn {
    std::size_t running = 0;
    AttemptId last_assigned;
    JobId job;
    friend constexpr auto operator<=>(const Turn&, const Turn&) = default;
  };

  JobId next_id() const { return JobId(jobs_.size() + 1); }
  // `id` is next_id().
  Job& Add(JobId id, const JobShape& shape);
  Job* Find(JobId id);
  const Job* Find(JobId id) const;
  const std::deque<Job>& all() const { return jobs_; }

  // Jobs with a runnable task.
  const absl::btree_set<Turn>& turns() const { return turns_; }
  // To be called after any change of the job's tasks or state.
  void UpdateTurn(const Job& job);

 private:
  std::deque<Job> jobs_;                          // by id - 1; never moved
  std::vector<std::optional<Turn>> turn_of_job_;  // by id - 1: the key in turns_
  absl::btree_set<Turn> turns_;
};

}  // namespace gristmill::coordinator
