// The jobs that are remembered, by id; the order in which they take free slots, and the order in
// which they are to be forgotten.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/job_state.h"

namespace gristmill::coordinator {

class JobTable {
 public:
  // Fewest slots in use first, then the one that has waited longest for a slot: with more jobs
  // than slots, each has its turn.
  struct Turn {
    std::uint64_t slots = 0;
    AttemptId last_assigned;
    JobId job;
    friend constexpr auto operator<=>(const Turn&, const Turn&) = default;
  };

  JobId next_id() const { return next_id_; }
  // `id` was not used before; the next one is above it.
  Job& Add(JobId id, const JobShape& shape, bool with_tasks, JobState state);
  // The job, which has not ended, has more tasks than it was submitted with.
  void OnTasksAdded(std::uint64_t count) { live_tasks_ += count; }
  // Ids below `id` are not to be used any more.
  void SkipTo(JobId id);
  Job* Find(JobId id);
  const Job* Find(JobId id) const;
  const std::map<JobId, Job>& all() const { return jobs_; }

  // The only way to change a job's state. Ends are counted by OnEnd besides.
  void SetState(Job& job, JobState state);
  // Jobs that wait for others to end, in order of submission; also those that were resumed.
  const absl::btree_set<JobId>& queued() const { return queued_; }
  // Jobs in the state kRunning.
  std::size_t started() const { return started_; }
  // The suspended jobs, each with when its hold ends, which is volatile: never, until it is said.
  const absl::btree_set<std::pair<Instant, JobId>>& holds() const { return holds_; }
  void Hold(Job& job, Instant end);  // which is suspended
  // Tasks of jobs that have not ended.
  std::uint64_t live_tasks() const { return live_tasks_; }

  // Jobs with a runnable task.
  const absl::btree_set<Turn>& turns() const { return turns_; }
  bool HasTurn(JobId job) const { return turn_of_job_.contains(job); }
  // Jobs with a running attempt, ascending.
  const absl::btree_set<JobId>& running() const { return running_; }
  // To be called after any change of the job's tasks or state.
  void UpdateTurn(const Job& job);

  // --- Ended jobs, the one that ended first in front -------------------------------------------
  const std::deque<JobId>& ended() const { return ended_; }
  // Of those, the ones that still have their tasks, and how many these are.
  const std::deque<JobId>& ended_with_tasks() const { return ended_with_tasks_; }
  std::uint64_t ended_tasks() const { return ended_tasks_; }
  // The job has just become final.
  void OnEnd(const Job& job);
  void ForgetTasks(Job& job);  // it ended
  void Forget(JobId id);       // it ended

 private:
  JobId next_id_{1};
  std::map<JobId, Job> jobs_;
  absl::btree_map<JobId, Turn> turn_of_job_;  // the key in turns_
  absl::btree_set<Turn> turns_;
  absl::btree_set<JobId> running_;
  absl::btree_set<JobId> queued_;
  std::size_t started_ = 0;
  absl::btree_set<std::pair<Instant, JobId>> holds_;
  std::uint64_t live_tasks_ = 0;
  std::deque<JobId> ended_;
  std::deque<JobId> ended_with_tasks_;
  std::uint64_t ended_tasks_ = 0;
};

}  // namespace gristmill::coordinator
