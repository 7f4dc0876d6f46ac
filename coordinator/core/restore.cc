#include "coordinator/core/restore.h"

#include <algorithm>

#include "base/check.h"

namespace gristmill::coordinator {
namespace {

// As it was submitted: it runs, or waits for its turn. What else became of it comes last.
Job& JobOf(ClusterState& state, JobId id) {
  Job* job = state.jobs.Find(id);
  GM_CHECK(job != nullptr && job->state <= JobState::kRunning);
  return *job;
}

Stage& StageOf(Job& job, std::uint32_t stage) {
  GM_CHECK(stage < job.stages.size());
  return job.stages[stage];
}

void RestoreRunning(ClusterState& state, Job& job, const TaskRef& ref, AttemptId attempt,
                    WorkerId id) {
  Worker* worker = state.workers.Find(id);
  GM_CHECK(worker != nullptr);
  const bool is_new =
      state.running.emplace(attempt, RunningAttempt{ref, id, false, Instant(), 0}).second;
  GM_CHECK(is_new);
  state.workers.StartAttempt(*worker, attempt, ref.job, job.needs, false);
  job.running.insert(attempt);
}

}  // namespace

void Restore(ClusterState& state, const IdsRestoredRecord& record) {
  GM_CHECK(record.attempt >= state.next_attempt);
  state.jobs.SkipTo(record.job);
  state.workers.SkipTo(record.worker);
  state.next_attempt = record.attempt;
}

void Restore(ClusterState& state, const StageRestoredRecord& record) {
  Job& job = JobOf(state, record.job);
  Stage& stage = StageOf(job, record.stage);
  GM_CHECK(stage.succeeded == 0);
  const bool was_complete = stage.complete();
  stage.parts.Restore(record.pieces, record.ends);
  if (!job.tasks_forgotten) stage.tasks.resize(stage.task_count());
  for (std::size_t i = 0; i < record.pieces.size(); ++i) stage.queue.AddFresh();
  state.jobs.OnTasksAdded(record.pieces.size());
  GM_CHECK(record.succeeded <= stage.task_count() &&
           record.left_out <= stage.task_count() - record.succeeded);
  stage.succeeded = record.succeeded;
  stage.left_out = record.left_out;
  if (!was_complete && stage.complete()) --job.incomplete_stages;
  stage.attempts_failed = record.attempts_failed;
  stage.outputs_lost = record.outputs_lost;
  stage.copies_started = record.copies_started;
  stage.version = record.version;
  stage.queue.Restore(record.next_fresh);
  stage.avoided_workers.insert(record.avoided_workers.begin(), record.avoided_workers.end());
  stage.orphaned_outputs.insert(record.orphaned_outputs.begin(), record.orphaned_outputs.end());
  stage.bad_records.insert(record.bad_records.begin(), record.bad_records.end());
}

void Restore(ClusterState& state, const TasksRestoredRecord& record) {
  Job& job = JobOf(state, record.job);
  Stage& stage = StageOf(job, record.stage);
  GM_CHECK(record.first_task <= stage.tasks.size() &&
           record.tasks.size() <= stage.tasks.size() - record.first_task);
  std::copy(record.tasks.begin(), record.tasks.end(), stage.tasks.begin() + record.first_task);
  for (std::uint32_t i = 0; i < record.tasks.size(); ++i) {
    const Task& task = record.tasks[i];
    const std::uint32_t index = record.first_task + i;
    if (task.state == TaskState::kRunning) {
      RestoreRunning(state, job, {record.job, record.stage, index}, task.attempt, task.worker);
      ++stage.running;
    } else if (task.state == TaskState::kWaiting && index < stage.queue.next_fresh()) {
      stage.queue.Requeue(index, stage.avoided_workers.contains(index));
    }
  }
}

void Restore(ClusterState& state, const ResultRestoredRecord& record) {
  Stage& stage = StageOf(JobOf(state, record.task.job), record.task.stage);
  GM_CHECK(record.task.task < stage.task_count());
  stage.results.resize(stage.task_count());
  stage.results[record.task.task] = record.result;
}

void Restore(ClusterState& state, const JobRestoredRecord& record) {
  Job& job = JobOf(state, record.job);
  job.last_assigned = record.last_assigned;
  job.participants.insert(record.participants.begin(), record.participants.end());
  job.counters.insert(record.counters.begin(), record.counters.end());
  job.skipped.insert(record.skipped.begin(), record.skipped.end());
  for (const LeftOutRestored& task : record.left_out) {
    job.left_out_reasons[{task.stage, task.task}] = task.reason;
  }
  for (const auto& [index, task, copy] : record.copies) {
    Stage& stage = StageOf(job, index);
    GM_CHECK(task < stage.tasks.size() && stage.tasks[task].state == TaskState::kRunning);
    RestoreRunning(state, job, {record.job, index, task}, copy.attempt, copy.worker);
    stage.copies[task] = copy;
  }
  for (const AttemptId attempt : record.running_alone) {
    const auto running = state.running.find(attempt);
    GM_CHECK(running != state.running.end() && !running->second.alone);
    running->second.alone = true;
    ++state.workers.Find(running->second.worker)->running_alone;
  }
  state.jobs.UpdateTurn(job);
}

void Restore(ClusterState& state, const FinishedRestoredRecord& record) {
  const Job* job = state.jobs.Find(record.job);
  Worker* worker = state.workers.Find(record.worker);
  GM_CHECK(job != nullptr && !job->is_final() && record.stage < job->stages.size());
  GM_CHECK(worker != nullptr);
  worker->finished[{record.job, record.stage}] = {record.tasks, record.held};
}

}  // namespace gristmill::coordinator
