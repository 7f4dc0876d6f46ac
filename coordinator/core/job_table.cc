#include "coordinator/core/job_table.h"

#include "base/check.h"

namespace gristmill::coordinator {

Job& JobTable::Add(JobId id, const JobShape& shape) {
  GM_CHECK(id == next_id());
  jobs_.emplace_back(id, shape);
  turn_of_job_.emplace_back();
  return jobs_.back();
}

Job* JobTable::Find(JobId id) {
  return id && id.value() <= jobs_.size() ? &jobs_[id.value() - 1] : nullptr;
}

const Job* JobTable::Find(JobId id) const { return const_cast<JobTable*>(this)->Find(id); }

void JobTable::UpdateTurn(const Job& job) {
  std::optional<Turn> now;
  if (job.state == JobState::kRunning && job.HasRunnableTask()) {
    now = Turn{job.running.size(), job.last_assigned, job.id};
  }
  std::optional<Turn>& before = turn_of_job_[job.id.value() - 1];
  if (now == before) return;
  if (before) turns_.erase(*before);
  if (now) turns_.insert(*now);
  before = now;
}

}  // namespace gristmill::coordinator
