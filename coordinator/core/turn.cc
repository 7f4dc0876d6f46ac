#include "coordinator/core/turn.h"

#include <algorithm>

#include "base/check.h"

namespace gristmill::coordinator {
namespace {

// A suspended job may never be resumed: nobody is to wait for it.
bool HoldsNeededOutput(const ClusterState& state, const Worker& worker) {
  return std::any_of(worker.finished.begin(), worker.finished.end(), [&](const auto& entry) {
    const Job& job = *state.jobs.Find(entry.first.first);
    return entry.second.held > 0 && job.state != JobState::kSuspended &&
           job.NeedsOutputOf(job.stages[entry.first.second]);
  });
}

}  // namespace

void ConsiderReleasingAll(Turn& turn) {
  const auto& draining = turn.state.workers.draining();
  turn.release_candidates.insert(turn.release_candidates.end(), draining.begin(), draining.end());
}

void EndAttempt(Turn& turn, AttemptId attempt, bool counts_as_failure, std::string message,
                bool run_alone, std::optional<std::uint64_t> bad_record) {
  const auto running = turn.state.running.find(attempt);
  GM_CHECK(running != turn.state.running.end());
  turn.release_candidates.push_back(running->second.worker);
  turn.Decide(
      AttemptEndedRecord{attempt, counts_as_failure, std::move(message), run_alone, bad_record});
}

void EndOtherAttempt(Turn& turn, const TaskRef& ref, AttemptId winner, std::string why) {
  const Stage& stage = turn.state.stage(ref);
  const auto copy = stage.copies.find(ref.task);
  if (copy == stage.copies.end()) return;
  const Task& task = stage.tasks[ref.task];
  const bool first_won = task.attempt == winner;
  const AttemptId loser = first_won ? copy->second.attempt : task.attempt;
  const WorkerId worker = first_won ? copy->second.worker : task.worker;
  EndAttempt(turn, loser, false, std::move(why));
  turn.Do(CancelAttempt{worker, loser});
}

void EndRunningAttempt(Turn& turn, const TaskRef& ref, std::string why) {
  const Task task = turn.state.task(ref);
  if (task.state != TaskState::kRunning) return;
  EndAttempt(turn, task.attempt, false, std::move(why));
  turn.Do(CancelAttempt{task.worker, task.attempt});
}

void CancelAttempts(Turn& turn, const Job& job, const std::string& why) {
  const std::vector<AttemptId> running(job.running.begin(), job.running.end());
  for (const AttemptId attempt : running) {
    const WorkerId worker = turn.state.running.at(attempt).worker;
    EndAttempt(turn, attempt, false, why);
    turn.Do(CancelAttempt{worker, attempt});
  }
}

void EndJobAs(Turn& turn, Job& job, JobState state, std::string message) {
  CancelAttempts(turn, job, "the job ended");
  turn.Decide(JobStateRecord{job.id, state, std::move(message)});
  turn.Do(EndJob{job.id, state});
  ConsiderReleasingAll(turn);
}

void OnStageComplete(Turn& turn, Job& job) {
  ConsiderReleasingAll(turn);
  if (job.incomplete_stages > 0) return;
  if (!job.has_output) {
    EndJobAs(turn, job, JobState::kSucceeded, "");
    return;
  }
  turn.Decide(JobStateRecord{job.id, JobState::kCommitting, ""});
  turn.Do(CommitOutput{job.id, job.winners()});
}

void DeclareOrphansLost(Turn& turn, Job& job) {
  // From the last stage to the first: a stage that is to run again needs its upstream again.
  for (auto index = static_cast<std::uint32_t>(job.stages.size()); index-- > 0;) {
    const Stage& stage = job.stages[index];
    if (stage.orphaned_outputs.empty() || !job.NeedsOutputOf(stage)) continue;
    const std::vector<std::uint32_t> lost(stage.orphaned_outputs.begin(),
                                          stage.orphaned_outputs.end());
    for (const std::uint32_t task : lost) turn.Decide(OutputLostRecord{{job.id, index, task}});
  }
}

void ForgetOldJobs(Turn& turn) {
  const JobTable& jobs = turn.state.jobs;
  const Limits& limits = turn.state.limits;
  while (jobs.ended().size() > limits.ended_jobs_max) {
    turn.Decide(JobForgottenRecord{jobs.ended().front()});
  }
  while (jobs.ended_tasks() > limits.ended_tasks_max) {
    turn.Decide(TasksForgottenRecord{jobs.ended_with_tasks().front()});
  }
}

void ReleaseDrainedWorkers(Turn& turn) {
  for (const WorkerId id : turn.release_candidates) {
    Worker* worker = turn.state.workers.Find(id);
    if (worker == nullptr || !worker->draining || !worker->connected || worker->released) continue;
    if (!worker->running.empty() || HoldsNeededOutput(turn.state, *worker)) continue;
    worker->released = true;
    turn.Do(ReleaseWorker{id});
  }
}

}  // namespace gristmill::coordinator
