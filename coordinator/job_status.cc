#include "coordinator/job_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/units.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

v1::JobState ToMessage(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return v1::JOB_STATE_QUEUED;
    case JobState::kRunning:
      return v1::JOB_STATE_RUNNING;
    case JobState::kSuspended:
      return v1::JOB_STATE_SUSPENDED;
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

// A task that waits when its job ends will not run any more: it failed for the last time, or the
// end came first. Of a suspended job's, those that failed it are told likewise.
v1::TaskState ToMessage(const TaskView& task, const JobView& job, std::uint32_t max_attempts) {
  switch (task.state) {
    case TaskState::kWaiting:
      if (job.state < JobState::kSuspended) return v1::TASK_STATE_WAITING;
      if (task.failures >= max_attempts) return v1::TASK_STATE_FAILED;
      return job.state == JobState::kSuspended ? v1::TASK_STATE_WAITING : v1::TASK_STATE_CANCELLED;
    case TaskState::kRunning:
      return v1::TASK_STATE_RUNNING;
    case TaskState::kSucceeded:
      return v1::TASK_STATE_SUCCEEDED;
    case TaskState::kLeftOut:
      return v1::TASK_STATE_LEFT_OUT;
  }
  return v1::TASK_STATE_UNSPECIFIED;
}

std::string DescribeLeftOut(std::uint32_t left_out, std::uint32_t tasks,
                            const std::string& output) {
  const std::string what =
      fmt::format("it succeeded without {} of {}", GroupDigits(left_out), CountOf(tasks, "task"));
  if (output.empty()) return what + ", which failed; 'gristmill tasks' lists them";
  return fmt::format("{}, which failed; '{}/_failed_tasks' lists them", what, output);
}

}  // namespace

v1::JobStatus StatusOf(const JobView& job, const v1::JobPlan& plan) {
  v1::JobStatus status;
  status.set_name(job.name);
  status.set_state(ToMessage(job.state));
  status.set_message(job.message);
  status.set_output(plan.request().output());
  status.set_records_skipped(job.records_skipped);
  std::uint32_t tasks = 0, left_out = 0;
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
    stage->set_tasks_left_out(job.stages[i].left_out);
    tasks += job.stages[i].tasks;
    left_out += job.stages[i].left_out;
  }
  status.set_tasks_left_out(left_out);
  if (job.state == JobState::kSucceeded && left_out > 0) {
    status.set_message(DescribeLeftOut(left_out, tasks, status.output()));
  }
  return status;
}

v1::TaskStatus TaskStatusOf(const TaskRef& ref, const TaskView& task, const JobView& job,
                            const v1::JobPlan& plan, const SplitTable& splits) {
  v1::TaskStatus status;
  status.mutable_id()->set_job(ref.job.value());
  status.mutable_id()->set_stage(ref.stage);
  status.mutable_id()->set_task(ref.task);
  status.set_stage_kind(plan.stages(static_cast<int>(ref.stage)).kind());
  status.set_stage_name(plan.stages(static_cast<int>(ref.stage)).name());
  status.set_state(ToMessage(task, job, plan.request().max_attempts()));
  status.set_attempt(task.attempt.value());
  status.set_failures(task.failures);
  status.set_split(DescribeTaskInput(plan, splits, ref.stage, task.part));
  return status;
}

void AddTime(const TaskTimes::Time& time, std::int64_t submitted_unix_ms, std::int64_t now_unix_ms,
             v1::TaskStatus* status) {
  if (!time.known) return;
  const std::int64_t started = submitted_unix_ms + static_cast<std::int64_t>(time.started_ms);
  status->set_started_unix_ms(started);
  const auto so_far = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_unix_ms - started));
  status->set_run_ms(time.ended ? time.run_ms : so_far);
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
