#include "base/check.h"
#include "coordinator/core/handlers.h"

namespace gristmill::coordinator {

void OnEvent(Turn& turn, const SubmitJob& event) {
  GM_CHECK(event.shape.max_attempts > 0);
  const JobId id = turn.state.jobs.next_id();
  turn.Decide(JobSubmittedRecord{id, event.shape});
  turn.Do(JobAccepted{id});
  Job& job = *turn.state.jobs.Find(id);
  if (job.incomplete_stages == 0) OnStageComplete(turn, job);
}

void OnEvent(Turn& turn, const CancelJob& event) {
  // A job that is committing is about to end: its output is being renamed and can't be taken back.
  Job* job = turn.state.jobs.Find(event.job);
  if (job == nullptr || job->state != JobState::kRunning) return;
  EndJobAs(turn, *job, JobState::kCancelled, event.reason);
}

void OnEvent(Turn& turn, const OutputCommitted& event) {
  // A commit asked for again after a restart may be answered twice.
  Job* job = turn.state.jobs.Find(event.job);
  if (job == nullptr || job->state != JobState::kCommitting) return;
  EndJobAs(turn, *job, event.ok ? JobState::kSucceeded : JobState::kFailed, event.message);
}

}  // namespace gristmill::coordinator
