#include "base/check.h"
#include "coordinator/core/handlers.h"
#include "coordinator/core/hold.h"

namespace gristmill::coordinator {

void OnEvent(Turn& turn, const SubmitJob& event) {
  GM_CHECK(event.shape.max_attempts > 0);
  const JobTable& jobs = turn.state.jobs;
  const JobId id = jobs.next_id();
  const bool queued =
      !jobs.queued().empty() || jobs.started() >= turn.state.limits.running_jobs_max;
  turn.Decide(JobSubmittedRecord{.job = id, .shape = event.shape, .queued = queued});
  turn.Do(JobAccepted{id});
  if (queued) return;
  Job& job = *turn.state.jobs.Find(id);
  if (job.incomplete_stages == 0) OnStageComplete(turn, job);
}

void StartQueuedJobs(Turn& turn) {
  JobTable& jobs = turn.state.jobs;
  while (!jobs.queued().empty() && jobs.started() < turn.state.limits.running_jobs_max) {
    Job& job = *jobs.Find(*jobs.queued().begin());
    turn.Decide(JobStateRecord{job.id, JobState::kRunning, ""});
    if (job.incomplete_stages == 0) OnStageComplete(turn, job);
  }
}

void OnEvent(Turn& turn, const CancelJob& event) {
  // A job that is committing is about to end: its output is being renamed and can't be taken back.
  Job* job = turn.state.jobs.Find(event.job);
  if (job == nullptr || job->state >= JobState::kCommitting) return;
  EndJobAs(turn, *job, JobState::kCancelled, event.reason);
}

void OnEvent(Turn& turn, const SuspendJob& event) {
  Job* job = turn.state.jobs.Find(event.job);
  if (job == nullptr || job->state != JobState::kRunning) return;
  Suspend(turn, *job, event.reason);
}

void OnEvent(Turn& turn, const ResumeJob& event) {
  const Job* job = turn.state.jobs.Find(event.job);
  if (job == nullptr || job->state != JobState::kSuspended) return;
  const bool may_run = turn.state.jobs.started() < turn.state.limits.running_jobs_max;
  turn.Decide(JobStateRecord{job->id, may_run ? JobState::kRunning : JobState::kQueued, ""});
}

void OnEvent(Turn& turn, const OutputCommitted& event) {
  // A commit asked for again after a restart may be answered twice.
  Job* job = turn.state.jobs.Find(event.job);
  if (job == nullptr || job->state != JobState::kCommitting) return;
  EndJobAs(turn, *job, event.ok ? JobState::kSucceeded : JobState::kFailed, event.message);
}

}  // namespace gristmill::coordinator
