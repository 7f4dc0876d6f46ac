#include "coordinator/journal/snapshot_codec.h"

#include <limits>
#include <utility>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {

constexpr std::uint8_t kStateMask = 3;
constexpr std::uint8_t kCounted = 4;
constexpr std::uint8_t kAlone = 8;

// By unsigned arithmetic, so that nothing overflows.
std::int64_t Step(std::uint64_t from, std::uint64_t to) {
  return static_cast<std::int64_t>(to - from);
}
std::uint64_t Stepped(std::uint64_t from, std::int64_t step) {
  return from + static_cast<std::uint64_t>(step);
}

static_assert(static_cast<std::uint8_t>(TaskState::kLeftOut) == kStateMask);

bool HasAttempt(const Task& task) {
  return task.state == TaskState::kRunning || task.state == TaskState::kSucceeded;
}

absl::Status Contradiction(const char* what) {
  return DataLoss("the journal has a snapshot whose {} contradict themselves", what);
}

}  // namespace

v1::RecordSkipped Encode(const RecordSkippedRecord& record) {
  v1::RecordSkipped message;
  message.mutable_task()->set_job(record.task.job.value());
  message.mutable_task()->set_stage(record.task.stage);
  message.mutable_task()->set_task(record.task.task);
  message.set_path(record.record.path);
  message.set_offset(record.record.offset);
  message.set_reason(record.reason);
  return message;
}

RecordSkippedRecord Decode(const v1::RecordSkipped& message) {
  const v1::TaskId& task = message.task();
  return {{JobId(task.job()), task.stage(), task.task()},
          {message.path(), message.offset()},
          message.reason()};
}

void EncodeInto(const IdsRestoredRecord& record, v1::JournalRecord* out) {
  v1::IdsRestored& message = *out->mutable_ids_restored();
  message.set_job(record.job.value());
  message.set_worker(record.worker.value());
  message.set_attempt(record.attempt.value());
}

void EncodeInto(const StageRestoredRecord& record, v1::JournalRecord* out) {
  v1::StageRestored& message = *out->mutable_stage_restored();
  message.set_job(record.job.value());
  message.set_stage(record.stage);
  message.set_succeeded(record.succeeded);
  message.set_left_out(record.left_out);
  message.set_attempts_failed(record.attempts_failed);
  message.set_outputs_lost(record.outputs_lost);
  message.set_copies_started(record.copies_started);
  message.set_version(record.version);
  message.set_next_fresh(record.next_fresh);
  for (const auto& [task, workers] : record.avoided_workers) {
    v1::AvoidedWorkers& avoided = *message.add_avoided_workers();
    avoided.set_task(task);
    for (const WorkerId worker : workers) avoided.add_workers(worker.value());
  }
  message.mutable_orphaned_outputs()->Add(record.orphaned_outputs.begin(),
                                          record.orphaned_outputs.end());
  for (const Piece& piece : record.pieces) {
    v1::TaskPiece& added = *message.add_pieces();
    added.set_planned(piece.planned);
    added.set_begin(piece.begin);
  }
  for (const auto& [task, at] : record.ends) {
    v1::TaskEnd& added = *message.add_ends();
    added.set_task(task);
    added.set_at(at);
  }
  for (const auto& [task, offset] : record.bad_records) {
    v1::TaskBadRecord& added = *message.add_bad_records();
    added.set_task(task);
    added.set_offset(offset);
  }
}

void EncodeInto(const TasksRestoredRecord& record, v1::JournalRecord* out) {
  v1::TasksRestored& message = *out->mutable_tasks_restored();
  message.set_job(record.job.value());
  message.set_stage(record.stage);
  message.set_first_task(record.first_task);
  std::string& states = *message.mutable_states();
  states.reserve(record.tasks.size());
  std::uint64_t attempt = 0;
  for (std::uint32_t i = 0; i < record.tasks.size(); ++i) {
    const Task& task = record.tasks[i];
    states += static_cast<char>(static_cast<std::uint8_t>(task.state) |
                                (task.counted ? kCounted : 0) | (task.alone ? kAlone : 0));
    if (HasAttempt(task)) {
      message.add_attempt_steps(Step(attempt, task.attempt.value()));
      attempt = task.attempt.value();
      message.add_workers(task.worker.value());
    }
    if (task.failures == 0 && task.uncounted_ends == 0) continue;
    v1::TaskTroubles& troubles = *message.add_troubles();
    troubles.set_task(i);
    troubles.set_failures(task.failures);
    troubles.set_uncounted_ends(task.uncounted_ends);
  }
}

void EncodeInto(const ResultRestoredRecord& record, v1::JournalRecord* out) {
  v1::ResultRestored& message = *out->mutable_result_restored();
  message.mutable_task()->set_job(record.task.job.value());
  message.mutable_task()->set_stage(record.task.stage);
  message.mutable_task()->set_task(record.task.task);
  message.set_result(record.result);
}

void EncodeInto(const JobRestoredRecord& record, v1::JournalRecord* out) {
  v1::JobRestored& message = *out->mutable_job_restored();
  message.set_job(record.job.value());
  message.set_last_assigned(record.last_assigned.value());
  for (const WorkerId worker : record.participants) message.add_participants(worker.value());
  for (const auto& [name, value] : record.counters) {
    v1::Counter& counter = *message.add_counters();
    counter.set_name(name);
    counter.set_value(value);
  }
  for (const auto& [stage, task, copy] : record.copies) {
    v1::RunningCopy& running = *message.add_copies();
    running.set_stage(stage);
    running.set_task(task);
    running.set_attempt(copy.attempt.value());
    running.set_worker(copy.worker.value());
  }
  for (const AttemptId attempt : record.running_alone) message.add_running_alone(attempt.value());
  for (const auto& [skipped, skip] : record.skipped) {
    *message.add_skipped() = Encode({{record.job, skip.stage, skip.task}, skipped, skip.reason});
  }
  for (const auto& [stage, task, reason] : record.left_out) {
    v1::TaskLeftOut& left_out = *message.add_left_out();
    left_out.mutable_task()->set_job(record.job.value());
    left_out.mutable_task()->set_stage(stage);
    left_out.mutable_task()->set_task(task);
    left_out.set_reason(reason);
  }
}

void EncodeInto(const FinishedRestoredRecord& record, v1::JournalRecord* out) {
  v1::FinishedRestored& message = *out->mutable_finished_restored();
  message.set_worker(record.worker.value());
  message.set_job(record.job.value());
  message.set_stage(record.stage);
  message.set_held(record.held);
  message.mutable_task_steps()->Reserve(static_cast<int>(record.tasks.size()));
  std::uint64_t before = 0;
  for (const std::uint32_t task : record.tasks) {
    message.add_task_steps(Step(before, task));
    before = task;
  }
}

absl::StatusOr<Record> Decode(const v1::IdsRestored& message) {
  return IdsRestoredRecord{JobId(message.job()), WorkerId(message.worker()),
                           AttemptId(message.attempt())};
}

absl::StatusOr<Record> Decode(const v1::StageRestored& message) {
  StageRestoredRecord record{
      .job = JobId(message.job()),
      .stage = message.stage(),
      .succeeded = message.succeeded(),
      .left_out = message.left_out(),
      .attempts_failed = message.attempts_failed(),
      .outputs_lost = message.outputs_lost(),
      .copies_started = message.copies_started(),
      .version = message.version(),
      .next_fresh = message.next_fresh(),
      .avoided_workers = {},
      .orphaned_outputs = {message.orphaned_outputs().begin(), message.orphaned_outputs().end()},
      .pieces = {},
      .ends = {},
      .bad_records = {}};
  for (const v1::AvoidedWorkers& avoided : message.avoided_workers()) {
    auto& [task, workers] = record.avoided_workers.emplace_back();
    task = avoided.task();
    for (const std::uint64_t worker : avoided.workers()) workers.emplace_back(worker);
  }
  for (const v1::TaskPiece& piece : message.pieces()) {
    record.pieces.push_back({piece.planned(), piece.begin()});
  }
  for (const v1::TaskEnd& end : message.ends()) record.ends.emplace_back(end.task(), end.at());
  for (const v1::TaskBadRecord& bad : message.bad_records()) {
    record.bad_records.emplace_back(bad.task(), bad.offset());
  }
  return record;
}

absl::StatusOr<Record> Decode(const v1::TasksRestored& message) {
  TasksRestoredRecord record{JobId(message.job()), message.stage(), message.first_task(), {}};
  record.tasks.resize(message.states().size());
  std::uint64_t attempt = 0;
  int assigned = 0;
  for (std::size_t i = 0; i < record.tasks.size(); ++i) {
    Task& task = record.tasks[i];
    const auto state = static_cast<std::uint8_t>(message.states()[i]);
    if (state > (kStateMask | kCounted | kAlone)) return Contradiction("tasks");
    task.state = static_cast<TaskState>(state & kStateMask);
    task.counted = (state & kCounted) != 0;
    task.alone = (state & kAlone) != 0;
    if (!HasAttempt(task)) continue;
    if (assigned >= message.attempt_steps_size() || assigned >= message.workers_size()) {
      return Contradiction("tasks");
    }
    attempt = Stepped(attempt, message.attempt_steps(assigned));
    task.attempt = AttemptId(attempt);
    task.worker = WorkerId(message.workers(assigned));
    ++assigned;
  }
  for (const v1::TaskTroubles& troubles : message.troubles()) {
    if (troubles.task() >= record.tasks.size() ||
        troubles.uncounted_ends() > std::numeric_limits<std::uint16_t>::max()) {
      return Contradiction("failed tasks");
    }
    Task& task = record.tasks[troubles.task()];
    task.failures = troubles.failures();
    task.uncounted_ends = static_cast<std::uint16_t>(troubles.uncounted_ends());
  }
  return record;
}

absl::StatusOr<Record> Decode(const v1::ResultRestored& message) {
  return ResultRestoredRecord{
      {JobId(message.task().job()), message.task().stage(), message.task().task()},
      message.result()};
}

absl::StatusOr<Record> Decode(const v1::JobRestored& message) {
  JobRestoredRecord record{JobId(message.job()), AttemptId(message.last_assigned()), {}, {}, {}};
  for (const std::uint64_t worker : message.participants()) {
    record.participants.emplace_back(worker);
  }
  for (const v1::Counter& counter : message.counters()) {
    record.counters.emplace_back(counter.name(), counter.value());
  }
  for (const v1::RunningCopy& running : message.copies()) {
    record.copies.push_back({running.stage(),
                             running.task(),
                             {AttemptId(running.attempt()), WorkerId(running.worker())}});
  }
  for (const std::uint64_t attempt : message.running_alone()) {
    record.running_alone.emplace_back(attempt);
  }
  for (const v1::RecordSkipped& skipped : message.skipped()) {
    const RecordSkippedRecord decoded = Decode(skipped);
    record.skipped.emplace_back(decoded.record,
                                Skip{decoded.task.stage, decoded.task.task, decoded.reason});
  }
  for (const v1::TaskLeftOut& left_out : message.left_out()) {
    record.left_out.push_back({left_out.task().stage(), left_out.task().task(), left_out.reason()});
  }
  return record;
}

absl::StatusOr<Record> Decode(const v1::FinishedRestored& message) {
  FinishedRestoredRecord record{
      WorkerId(message.worker()), JobId(message.job()), message.stage(), message.held(), {}};
  record.tasks.reserve(static_cast<std::size_t>(message.task_steps_size()));
  std::uint64_t task = 0;
  for (const std::int64_t step : message.task_steps()) {
    task = Stepped(task, step);
    if (task > std::numeric_limits<std::uint32_t>::max()) return Contradiction("finished tasks");
    record.tasks.push_back(static_cast<std::uint32_t>(task));
  }
  return record;
}

}  // namespace gristmill::coordinator
