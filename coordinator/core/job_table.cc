#include "coordinator/core/job_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace gristmill::coordinator {

Job& JobTable::Add(JobId id, const JobShape& shape, bool with_tasks, JobState state) {
  const auto [added, is_new] = jobs_.try_emplace(id, id, shape, with_tasks);
  GM_CHECK(id && is_new && state <= JobState::kRunning);
  SkipTo(JobId(id.value() + 1));
  Job& job = added->second;
  job.state = state;
  if (state == JobState::kQueued) queued_.insert(id);
  started_ += state == JobState::kRunning;
  live_tasks_ += job.task_count();
  return job;
}

void JobTable::SetState(Job& job, JobState state) {
  queued_.erase(job.id);
  if (state == JobState::kQueued) queued_.insert(job.id);
  started_ -= job.state == JobState::kRunning;
  started_ += state == JobState::kRunning;
  holds_.erase({std::exchange(job.hold_end, kNever), job.id});
  if (state == JobState::kSuspended) holds_.insert({kNever, job.id});
  const bool was_final = job.is_final();
  job.state = state;
  if (job.is_final() && !was_final) live_tasks_ -= job.task_count();
}

void JobTable::Hold(Job& job, Instant end) {
  GM_CHECK(job.state == JobState::kSuspended);
  holds_.erase({job.hold_end, job.id});
  holds_.insert({end, job.id});
  job.hold_end = end;
}

void JobTable::SkipTo(JobId id) { next_id_ = std::max(next_id_, id); }

Job* JobTable::Find(JobId id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const Job* JobTable::Find(JobId id) const { return const_cast<JobTable*>(this)->Find(id); }

void JobTable::UpdateTurn(const Job& job) {
  std::optional<Turn> now;
  if (job.state == JobState::kRunning && job.HasRunnableTask()) {
    now = Turn{job.running.size() * std::uint64_t{job.needs.cpus}, job.last_assigned, job.id};
  }
  if (job.running.empty()) {
    running_.erase(job.id);
  } else {
    running_.insert(job.id);
  }
  const auto before = turn_of_job_.find(job.id);
  if (before != turn_of_job_.end()) {
    if (now == before->second) return;
    turns_.erase(before->second);
    if (!now) turn_of_job_.erase(before);
  }
  if (!now) return;
  turns_.insert(*now);
  turn_of_job_.insert_or_assign(job.id, *now);
}

void JobTable::OnEnd(const Job& job) {
  ended_.push_back(job.id);
  if (job.tasks_forgotten) return;
  ended_with_tasks_.push_back(job.id);
  ended_tasks_ += job.task_count();
}

void JobTable::ForgetTasks(Job& job) {
  const auto found = std::find(ended_with_tasks_.begin(), ended_with_tasks_.end(), job.id);
  GM_CHECK(found != ended_with_tasks_.end());
  ended_with_tasks_.erase(found);
  ended_tasks_ -= job.task_count();
  job.tasks_forgotten = true;
  for (Stage& stage : job.stages) std::vector<Task>().swap(stage.tasks);
}

void JobTable::Forget(JobId id) {
  Job* job = Find(id);
  GM_CHECK(job != nullptr);
  if (!job->tasks_forgotten) ForgetTasks(*job);
  const auto found = std::find(ended_.begin(), ended_.end(), id);
  GM_CHECK(found != ended_.end());
  ended_.erase(found);
  jobs_.erase(id);
}

}  // namespace gristmill::coordinator
