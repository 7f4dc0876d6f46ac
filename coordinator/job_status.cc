#include "coordinator/job_status.h"

namespace gristmill::coordinator {
namespace {

v1::JobState ToMessage(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return v1::JOB_STATE_QUEUED;
    case JobState::kRunning:
      return v1::JOB_STATE_RUNNING;
    case JobState::kCommitting:
      return v1::JOB_STATE_COMMITTING;
    case JobState::kSucceeded:
      return v1::JOB_STATE_SUCCEEDED;
    case JobState::kFailed:
      return v1::JOB_STATE_FAILED;
    case JobState::kCancelled:
      return v1::JOB_STATE_CANCELLED;
  }
  return v1::JOB_STATE_UNSPECIFIED;
}

}  // namespace

v1::JobStatus StatusOf(const JobView& job, const v1::JobPlan& plan) {
  v1::JobStatus status;
  status.set_name(job.name);
  status.set_state(ToMessage(job.state));
  status.set_message(job.message);
  status.set_output(plan.request().output());
  status.set_records_skipped(job.records_skipped);
  for (std::size_t i = 0; i < job.stages.size(); ++i) {
    v1::StageStatus* stage = status.add_stages();
    stage->set_kind(plan.stages(static_cast<int>(i)).kind());
    stage->set_name(plan.stages(static_cast<int>(i)).name());
    stage->set_tasks_total(job.stages[i].tasks);
    stage->set_tasks_succeeded(job.stages[i].succeeded);
    stage->set_tasks_running(job.stages[i].running);
    stage->set_attempts_failed(job.stages[i].attempts_failed);
    stage->set_outputs_lost(job.stages[i].outputs_lost);
    stage->set_copies_started(job.stages[i].copies_started);
    stage->set_tasks_cut(job.stages[i].tasks_cut);
  }
  return status;
}

std::vector<v1::Counter> CountersOf(const JobView& job) {
  std::vector<v1::Counter> counters;
  for (const auto& [name, value] : job.counters) {
    v1::Counter& counter = counters.emplace_back();
    counter.set_name(name);
    counter.set_value(value);
  }
  return counters;
}

}  // namespace gristmill::coordinator
