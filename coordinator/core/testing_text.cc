#include "coordinator/core/testing_text.h"

#include <fmt/format.h>

#include <variant>

namespace gristmill::coordinator {
namespace {

std::string Text(const TaskRef& ref) {
  return fmt::format("job {} stage {} task {}", ref.job.value(), ref.stage, ref.task);
}

std::string Text(const Counters& counters) {
  std::string text;
  for (const auto& [name, value] : counters) text += fmt::format(" {}={}", name, value);
  return text;
}

std::string Text(const TaskNeeds& needs) {
  std::string text;
  if (needs.cpus != 1) text += fmt::format(" cpus={}", needs.cpus);
  if (needs.memory_bytes > 0) text += fmt::format(" memory={}", needs.memory_bytes);
  if (needs.gpus > 0) text += fmt::format(" gpus={}", needs.gpus);
  if (!needs.labels.empty()) text += fmt::format(" labels={}", fmt::join(needs.labels, ","));
  return text;
}

std::string Text(const WorkerResources& has) {
  TaskNeeds others{1, has.memory_bytes, has.gpus, has.labels};
  return fmt::format("slots={}{}", has.slots, Text(others));
}

std::string Text(const JobShape& shape) {
  std::string text = fmt::format("{} max_attempts={} stages:", shape.name, shape.max_attempts);
  for (const StageShape& stage : shape.stages) {
    text += fmt::format(" {}{}", stage.task_count, stage.may_be_cut ? "(may be cut)" : "");
    for (const EdgeShape& edge : stage.inputs) {
      text += fmt::format("{}{}", edge.kind == EdgeKind::kShuffle ? "<shuffle-" : "<broadcast-",
                          edge.from_stage);
    }
  }
  if (shape.skip_bad_records > 0) text += fmt::format(" skip={}", shape.skip_bad_records);
  text += Text(shape.needs);
  if (shape.halt.percent > 0) text += fmt::format(" halt={}%", shape.halt.percent);
  if (shape.halt.failures != 1) text += fmt::format(" halt={}", shape.halt.failures);
  if (shape.timeout_percent > 0) text += fmt::format(" timeout={}%", shape.timeout_percent);
  if (shape.hold_ms > 0) text += fmt::format(" hold={}ms", shape.hold_ms);
  return text + (shape.has_output ? "" : " no-output");
}

const char* Text(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kRunning:
      return "running";
    case JobState::kSuspended:
      return "suspended";
    case JobState::kCommitting:
      return "committing";
    case JobState::kSucceeded:
      return "succeeded";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "?";
}

const char* Text(WorkerState state) {
  switch (state) {
    case WorkerState::kReady:
      return "ready";
    case WorkerState::kDisconnected:
      return "disconnected";
    case WorkerState::kDraining:
      return "draining";
    case WorkerState::kShortOfDisk:
      return "short-of-disk";
    case WorkerState::kQuarantined:
      return "quarantined";
  }
  return "?";
}

std::string Quoted(const std::string& text) {
  return text.empty() ? "" : fmt::format(" \"{}\"", text);
}

struct RecordText {
  std::string operator()(const JobSubmittedRecord& r) const {
    return fmt::format("job-submitted {} {}{}", r.job.value(), Text(r.shape),
                       r.queued ? " queued" : "");
  }
  std::string operator()(const JobStateRecord& r) const {
    return fmt::format("job-state {} {}{}", r.job.value(), Text(r.state), Quoted(r.message));
  }
  std::string operator()(const WorkerJoinedRecord& r) const {
    return fmt::format("worker-joined {} {} {}", r.worker.value(), r.name, Text(r.resources));
  }
  std::string operator()(const WorkerLostRecord& r) const {
    return fmt::format("worker-lost {}{}", r.worker.value(), Quoted(r.reason));
  }
  std::string operator()(const WorkerDrainedRecord& r) const {
    return fmt::format("worker-drained {}", r.worker.value());
  }
  std::string operator()(const AttemptAssignedRecord& r) const {
    return fmt::format("attempt-assigned {} of {} to worker {}{}", r.attempt.value(), Text(r.task),
                       r.worker.value(), r.alone ? " alone" : "");
  }
  std::string operator()(const AttemptSucceededRecord& r) const {
    return fmt::format("attempt-succeeded {}{}{}", r.attempt.value(), Text(r.counters),
                       Quoted(r.result));
  }
  std::string operator()(const AttemptEndedRecord& r) const {
    return fmt::format("attempt-ended {}{}{}{}{}", r.attempt.value(),
                       r.counts_as_failure ? " counts" : "", r.run_alone ? " run-alone" : "",
                       r.bad_record ? fmt::format(" at {}", *r.bad_record) : "", Quoted(r.message));
  }
  std::string operator()(const RecordSkippedRecord& r) const {
    return fmt::format("record-skipped {} offset {} for {}{}", r.record.path, r.record.offset,
                       Text(r.task), Quoted(r.reason));
  }
  std::string operator()(const OutputLostRecord& r) const {
    return fmt::format("output-lost {}", Text(r.task));
  }
  std::string operator()(const TaskCutRecord& r) const {
    return fmt::format("task-cut {} at {}", Text(r.task), r.at);
  }
  std::string operator()(const TaskLeftOutRecord& r) const {
    return fmt::format("task-left-out {}{}", Text(r.task), Quoted(r.reason));
  }
  std::string operator()(const TasksForgottenRecord& r) const {
    return fmt::format("tasks-forgotten {}", r.job.value());
  }
  std::string operator()(const JobForgottenRecord& r) const {
    return fmt::format("job-forgotten {}", r.job.value());
  }
  template <class Restored>
  std::string operator()(const Restored&) const {
    return "restored";  // no decision: only in snapshots
  }
};

struct ActionText {
  std::string operator()(const StartAttempt& a) const {
    return fmt::format("start-attempt {} of {} on worker {}{}", a.attempt.value(), Text(a.task),
                       a.worker.value(), a.alone ? " alone" : "");
  }
  std::string operator()(const CancelAttempt& a) const {
    return fmt::format("cancel-attempt {} on worker {}", a.attempt.value(), a.worker.value());
  }
  std::string operator()(const AskCut& a) const {
    return fmt::format("ask-cut of {} on worker {}", a.attempt.value(), a.worker.value());
  }
  std::string operator()(const StopOverdue& a) const {
    return fmt::format("stop-overdue {} on worker {} after {} ms", a.attempt.value(),
                       a.worker.value(), a.limit_ms);
  }
  std::string operator()(const AcceptWorker& a) const {
    return fmt::format("accept-worker {} {}{}", a.worker.value(), a.instance,
                       a.forget_everything ? " forget-everything" : "");
  }
  std::string operator()(const DropWorker& a) const {
    return fmt::format("drop-worker {}{}", a.worker.value(), Quoted(a.reason));
  }
  std::string operator()(const AcknowledgeReport& a) const {
    return fmt::format("acknowledge {} to worker {}", a.attempt.value(), a.worker.value());
  }
  std::string operator()(const CommitOutput& a) const {
    std::string text = fmt::format("commit-output {} winners", a.job.value());
    for (const AttemptId winner : a.winners) text += fmt::format(" {}", winner.value());
    return text;
  }
  std::string operator()(const EndJob& a) const {
    return fmt::format("end-job {} {}", a.job.value(), Text(a.state));
  }
  std::string operator()(const DropJobs& a) const {
    std::string text = fmt::format("drop-jobs on worker {}:", a.worker.value());
    for (const JobId job : a.jobs) text += fmt::format(" {}", job.value());
    return text;
  }
  std::string operator()(const JobAccepted& a) const {
    return fmt::format("job-accepted {}", a.job.value());
  }
  std::string operator()(const ReleaseWorker& a) const {
    return fmt::format("release-worker {}", a.worker.value());
  }
  std::string operator()(const QuarantineWorker& a) const {
    return fmt::format("quarantine-worker {} for {} ms{}", a.worker.value(), a.ms,
                       Quoted(a.evidence));
  }
  std::string operator()(const NoteDiskSpace& a) const {
    return fmt::format("worker {} {} disk space", a.worker.value(),
                       a.is_short ? "is short of" : "has");
  }
  std::string operator()(const EndQuarantine& a) const {
    return fmt::format("end-quarantine of worker {}", a.worker.value());
  }
};

}  // namespace

std::string Text(const Record& record) { return std::visit(RecordText(), record); }

std::string Text(const Action& action) { return std::visit(ActionText(), action); }

std::string Text(const JobView& job) {
  std::string text = fmt::format("job {} {} {}{}{}", job.id.value(), job.name, Text(job.state),
                                 Quoted(job.message), Text(job.counters));
  if (job.state == JobState::kQueued) text += fmt::format(" behind {}", job.jobs_ahead);
  if (job.state == JobState::kSuspended) text += fmt::format(" until {} ms", job.hold_end.ms);
  for (const StageView& stage : job.stages) {
    text += fmt::format(" [{}/{} running={} failed={} lost={}]", stage.succeeded, stage.tasks,
                        stage.running, stage.attempts_failed, stage.outputs_lost);
    if (stage.tasks_cut > 0) text += fmt::format(" cut={}", stage.tasks_cut);
    if (stage.left_out > 0) text += fmt::format(" left-out={}", stage.left_out);
  }
  if (job.lacks_room) text += " lacks room";
  if (!job.why_none_suffices.empty()) text += fmt::format(" waits: {}", job.why_none_suffices);
  return text;
}

std::string Text(const WorkerView& worker) {
  std::string text = fmt::format("worker {} {} {} slots {}/{} heard at {} ms", worker.id.value(),
                                 worker.name, Text(worker.state), worker.slots_used,
                                 worker.resources.slots, worker.last_heard.ms);
  if (worker.gpus_used > 0) text += fmt::format(" gpus {}", worker.gpus_used);
  if (worker.memory_bytes_used > 0) text += fmt::format(" memory {}", worker.memory_bytes_used);
  if (worker.reserved_for) text += fmt::format(" kept for job {}", worker.reserved_for.value());
  return text;
}

}  // namespace gristmill::coordinator
