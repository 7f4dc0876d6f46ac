#include "coordinator/core/hold.h"

#include <fmt/format.h>

#include <utility>

#include "base/units.h"

namespace gristmill::coordinator {
namespace {

DurationMs HoldOf(const Job& job) { return job.hold_ms > 0 ? job.hold_ms : kHoldByCommandMs; }

}  // namespace

void Suspend(Turn& turn, Job& job, std::string message) {
  CancelAttempts(turn, job, "the job was suspended");
  turn.Decide(JobStateRecord{job.id, JobState::kSuspended, std::move(message)});
  turn.state.jobs.Hold(job, turn.now + HoldOf(job));
  ConsiderReleasingAll(turn);
}

void FailByTasks(Turn& turn, Job& job, std::string message) {
  if (job.hold_ms > 0) return Suspend(turn, job, std::move(message));
  EndJobAs(turn, job, JobState::kFailed, std::move(message));
}

void EndHolds(Turn& turn) {
  const auto& holds = turn.state.jobs.holds();
  while (!holds.empty() && holds.begin()->first <= turn.now) {
    Job& job = *turn.state.jobs.Find(holds.begin()->second);
    EndJobAs(turn, job, JobState::kFailed,
             fmt::format("{}{}: {}", kNotResumed, FormatDuration(HoldOf(job)), job.message));
  }
}

void BeginHoldsAnew(Turn& turn) {
  JobTable& jobs = turn.state.jobs;
  const auto suspended = jobs.holds();
  for (const auto& [end, id] : suspended) {
    Job& job = *jobs.Find(id);
    jobs.Hold(job, turn.now + HoldOf(job));
  }
}

}  // namespace gristmill::coordinator
