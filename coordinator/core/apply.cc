#include "coordinator/core/apply.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "coordinator/core/restore.h"

namespace gristmill::coordinator {
namespace {

// The task waits again, in the queue that suits its past.
void Requeue(Stage& stage, std::uint32_t index) {
  Task& task = stage.tasks[index];
  task.state = TaskState::kWaiting;
  task.attempt = AttemptId();
  task.worker = WorkerId();
  stage.queue.Requeue(index, stage.avoided_workers.contains(index));
}

void Avoid(Stage& stage, std::uint32_t task, WorkerId worker) {
  std::vector<WorkerId>& avoided = stage.avoided_workers[task];
  if (std::find(avoided.begin(), avoided.end(), worker) == avoided.end()) {
    avoided.push_back(worker);
  }
}

// Takes the attempt out of every place that says it runs.
RunningAttempt StopRunning(ClusterState& state, Job& job, AttemptId attempt) {
  const auto found = state.running.find(attempt);
  const RunningAttempt ended = found->second;
  state.running.erase(found);
  job.running.erase(attempt);
  Worker* worker = state.workers.Find(ended.worker);
  GM_CHECK(worker != nullptr);
  state.workers.EndAttempt(*worker, attempt, job.id, job.needs, ended.alone);
  return ended;
}

Job& JobOf(ClusterState& state, AttemptId attempt) {
  const auto found = state.running.find(attempt);
  GM_CHECK(found != state.running.end());
  return *state.jobs.Find(found->second.task.job);
}

struct Place {
  Job& job;
  Stage& stage;
  Task& task;
};

// Of a task of a job that has not done all of them.
Place PlaceOf(ClusterState& state, const TaskRef& ref) {
  Job* job = state.jobs.Find(ref.job);
  GM_CHECK(job != nullptr && job->state < JobState::kCommitting);
  GM_CHECK(ref.stage < job->stages.size());
  Stage& stage = job->stages[ref.stage];
  GM_CHECK(ref.task < stage.tasks.size());
  return {*job, stage, stage.tasks[ref.task]};
}

bool MayFollow(JobState before, JobState after) {
  if (before > JobState::kCommitting) return false;
  if (before == JobState::kSuspended && after < before) return true;  // it was resumed
  return before < after;
}

// Drops what only a job that has not ended needs; the tasks stay for queries.
void ForgetWorkOf(ClusterState& state, Job& job) {
  for (const WorkerId id : job.participants) {
    Worker* worker = state.workers.Find(id);
    if (worker == nullptr) continue;
    auto& finished = worker->finished;
    finished.erase(finished.lower_bound({job.id, 0}),
                   finished.lower_bound({JobId(job.id.value() + 1), 0}));
  }
  job.participants.clear();
  job.skipped.clear();
  job.left_out_reasons.clear();
  for (Stage& stage : job.stages) {
    stage.queue.Clear();
    GM_CHECK(stage.copies.empty());
    stage.avoided_workers.clear();
    stage.orphaned_outputs.clear();
    stage.bad_records.clear();
    stage.run_times = {};
    std::vector<std::string>().swap(stage.results);
  }
}

struct Folder {
  ClusterState& state;

  void operator()(const JobSubmittedRecord& record) {
    state.jobs.UpdateTurn(state.jobs.Add(record.job, record.shape, !record.without_tasks,
                                         record.queued ? JobState::kQueued : JobState::kRunning));
    if (!record.queued) state.workers.AddNeeds(record.shape.needs);
  }

  void operator()(const JobStateRecord& record) {
    Job* job = state.jobs.Find(record.job);
    GM_CHECK(job != nullptr && MayFollow(job->state, record.state));
    const bool was_suspended = job->state == JobState::kSuspended;
    const bool ran = job->state == JobState::kRunning;
    state.jobs.SetState(*job, record.state);
    job->message = record.message;
    const bool runs = job->state == JobState::kRunning;
    if (runs && !ran) state.workers.AddNeeds(job->needs);
    if (ran && !runs) state.workers.ReleaseNeeds(job->needs);
    GM_CHECK(runs || job->running.empty());
    if (was_suspended && !job->is_final()) job->Forgive();
    if (job->is_final()) {
      ForgetWorkOf(state, *job);
      state.jobs.OnEnd(*job);
    }
    state.jobs.UpdateTurn(*job);
  }

  void operator()(const TasksForgottenRecord& record) {
    Job* job = state.jobs.Find(record.job);
    GM_CHECK(job != nullptr && job->is_final() && !job->tasks_forgotten);
    state.jobs.ForgetTasks(*job);
  }

  void operator()(const JobForgottenRecord& record) { state.jobs.Forget(record.job); }

  void operator()(const WorkerJoinedRecord& record) { state.workers.Join(record); }

  void operator()(const WorkerDrainedRecord& record) {
    Worker* worker = state.workers.Find(record.worker);
    GM_CHECK(worker != nullptr && !worker->draining);
    state.workers.Drain(*worker);
  }

  void operator()(const WorkerLostRecord& record) {
    const Worker* worker = state.workers.Find(record.worker);
    GM_CHECK(worker != nullptr);
    for (const auto& [key, finished] : worker->finished) {
      Stage& stage = state.jobs.Find(key.first)->stages[key.second];
      if (stage.shuffle_readers.empty()) continue;  // results and final output outlive it
      for (const std::uint32_t index : finished.tasks) {
        const Task& task = stage.tasks[index];
        if (task.state == TaskState::kSucceeded && task.worker == worker->id) {
          stage.orphaned_outputs.insert(index);
        }
      }
    }
    state.workers.Remove(record.worker);
  }

  void operator()(const AttemptAssignedRecord& record) {
    GM_CHECK(record.attempt == state.next_attempt);
    auto [job, stage, task] = PlaceOf(state, record.task);
    GM_CHECK(job.state == JobState::kRunning && task.state != TaskState::kSucceeded);
    Worker* worker = state.workers.Find(record.worker);
    GM_CHECK(worker != nullptr);

    state.next_attempt = AttemptId(record.attempt.value() + 1);
    state.workers.StartAttempt(*worker, record.attempt, record.task.job, job.needs, record.alone);
    state.running.emplace(record.attempt,
                          RunningAttempt{record.task, record.worker, record.alone, Instant(), 0});
    if (task.state == TaskState::kRunning) {
      const bool only =
          stage.copies.insert({record.task.task, {record.attempt, record.worker}}).second;
      GM_CHECK(only && record.worker != task.worker);
      ++stage.copies_started;
    } else {
      stage.queue.Take(record.task.task);
      task.state = TaskState::kRunning;
      task.attempt = record.attempt;
      task.worker = record.worker;
      ++stage.running;
    }
    job.running.insert(record.attempt);
    job.last_assigned = record.attempt;
    job.participants.insert(record.worker);
    state.jobs.UpdateTurn(job);
  }

  void operator()(const AttemptSucceededRecord& record) {
    Job& job = JobOf(state, record.attempt);
    const RunningAttempt ended = StopRunning(state, job, record.attempt);
    Stage& stage = job.stages[ended.task.stage];
    Task& task = stage.tasks[ended.task.task];
    GM_CHECK(task.attempt == record.attempt && !stage.copies.contains(ended.task.task));
    task.state = TaskState::kSucceeded;
    task.counted = true;
    task.alone = false;
    stage.bad_records.erase(ended.task.task);
    --stage.running;
    ++stage.succeeded;
    ++stage.version;
    if (stage.complete()) --job.incomplete_stages;
    for (const auto& [name, value] : record.counters) job.counters[name] += value;
    if (!record.result.empty()) {
      stage.results.resize(stage.tasks.size());
      stage.results[ended.task.task] = record.result;
    }
    FinishedTasks& finished =
        state.workers.Find(ended.worker)->finished[{job.id, ended.task.stage}];
    finished.tasks.push_back(ended.task.task);
    ++finished.held;
    state.jobs.UpdateTurn(job);
  }

  void operator()(const AttemptEndedRecord& record) {
    Job& job = JobOf(state, record.attempt);
    const RunningAttempt ended = StopRunning(state, job, record.attempt);
    Stage& stage = job.stages[ended.task.stage];
    Task& task = stage.tasks[ended.task.task];
    if (record.run_alone) task.alone = true;
    if (record.bad_record) stage.bad_records[ended.task.task] = *record.bad_record;
    if (record.counts_as_failure) {
      ++stage.attempts_failed;
      ++task.failures;
      Avoid(stage, ended.task.task, ended.worker);
    }
    if (const auto copy = stage.copies.find(ended.task.task); copy != stage.copies.end()) {
      // The other attempt goes on.
      if (task.attempt == record.attempt) {
        task.attempt = copy->second.attempt;
        task.worker = copy->second.worker;
      }
      stage.copies.erase(copy);
      state.jobs.UpdateTurn(job);
      return;
    }
    --stage.running;
    if (!record.counts_as_failure &&
        task.uncounted_ends < std::numeric_limits<std::uint16_t>::max()) {
      ++task.uncounted_ends;
    }
    Requeue(stage, ended.task.task);
    state.jobs.UpdateTurn(job);
  }

  void operator()(const RecordSkippedRecord& record) {
    auto [job, stage, task] = PlaceOf(state, record.task);
    GM_CHECK(task.state == TaskState::kWaiting);

    const Skip skip{record.task.stage, record.task.task, record.reason};
    const bool is_new = job.skipped.emplace(record.record, skip).second;
    GM_CHECK(is_new && job.skipped.size() <= job.skip_bad_records);
    ++job.counters[std::string(kSkippedCounter)];
    task.failures = 0;
    stage.bad_records.erase(record.task.task);
    stage.avoided_workers.erase(record.task.task);
    stage.queue.Take(record.task.task);
    stage.queue.Requeue(record.task.task, /*choosy=*/false);
    state.jobs.UpdateTurn(job);
  }

  void operator()(const TaskLeftOutRecord& record) {
    auto [job, stage, task] = PlaceOf(state, record.task);
    GM_CHECK(task.state == TaskState::kWaiting && !task.counted);

    stage.queue.Take(record.task.task);
    stage.bad_records.erase(record.task.task);
    stage.avoided_workers.erase(record.task.task);
    task.state = TaskState::kLeftOut;
    ++stage.left_out;
    ++stage.version;
    if (stage.complete()) --job.incomplete_stages;
    if (!record.reason.empty()) {
      job.left_out_reasons[{record.task.stage, record.task.task}] = record.reason;
    }
    state.jobs.UpdateTurn(job);
  }

  void operator()(const TaskCutRecord& record) {
    auto [job, stage, task] = PlaceOf(state, record.task);
    GM_CHECK(task.state == TaskState::kRunning && !stage.copies.contains(record.task.task));

    stage.parts.Cut(record.task.task, record.at);
    Task piece;
    piece.counted = task.counted;  // when the task succeeded before, that was with this part
    stage.tasks.push_back(piece);
    stage.queue.AddFresh();
    state.jobs.OnTasksAdded(1);
    state.jobs.UpdateTurn(job);
  }

  void operator()(const OutputLostRecord& record) {
    auto [job, stage, task] = PlaceOf(state, record.task);
    GM_CHECK(task.state == TaskState::kSucceeded);

    if (stage.complete()) ++job.incomplete_stages;
    --stage.succeeded;
    ++stage.version;
    ++stage.outputs_lost;
    stage.orphaned_outputs.erase(record.task.task);
    if (Worker* holder = state.workers.Find(task.worker); holder != nullptr) {
      --holder->finished[{job.id, record.task.stage}].held;
      Avoid(stage, record.task.task, holder->id);
    }
    Requeue(stage, record.task.task);
    state.jobs.UpdateTurn(job);
  }

  template <class Restored>
  void operator()(const Restored& record) {
    Restore(state, record);
  }
};

}  // namespace

void ApplyRecord(ClusterState& state, const Record& record) { std::visit(Folder{state}, record); }

}  // namespace gristmill::coordinator
