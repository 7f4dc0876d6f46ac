#include "coordinator/journal/record_codec.h"

#include <utility>
#include <variant>

#include "base/check.h"
#include "base/status.h"
#include "coordinator/journal/snapshot_codec.h"

namespace gristmill::coordinator {
namespace {

v1::JobState ToProto(JobState state) {
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

absl::StatusOr<JobState> FromProto(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_QUEUED:
      return JobState::kQueued;
    case v1::JOB_STATE_RUNNING:
      return JobState::kRunning;
    case v1::JOB_STATE_SUSPENDED:
      return JobState::kSuspended;
    case v1::JOB_STATE_COMMITTING:
      return JobState::kCommitting;
    case v1::JOB_STATE_SUCCEEDED:
      return JobState::kSucceeded;
    case v1::JOB_STATE_FAILED:
      return JobState::kFailed;
    case v1::JOB_STATE_CANCELLED:
      return JobState::kCancelled;
    default:
      return DataLoss("the journal has a job in the unknown state {}", static_cast<int>(state));
  }
}

void ToProto(const TaskRef& ref, v1::TaskId* out) {
  out->set_job(ref.job.value());
  out->set_stage(ref.stage);
  out->set_task(ref.task);
}

TaskRef FromProto(const v1::TaskId& id) { return {JobId(id.job()), id.stage(), id.task()}; }

struct Encoder {
  const RecordContext& context;
  v1::JournalRecord& out;

  void operator()(const JobSubmittedRecord& record) const {
    GM_CHECK(context.plan != nullptr);
    v1::JobSubmitted& message = *out.mutable_job_submitted();
    message.set_job(record.job.value());
    *message.mutable_plan() = *context.plan;
    message.set_unix_ms(context.unix_ms);
    message.set_without_tasks(record.without_tasks);
    message.set_queued(record.queued);
  }
  void operator()(const JobStateRecord& record) const {
    v1::JobStateChanged& message = *out.mutable_job_state_changed();
    message.set_job(record.job.value());
    message.set_state(ToProto(record.state));
    message.set_message(record.message);
    message.set_unix_ms(context.unix_ms);
  }
  void operator()(const WorkerJoinedRecord& record) const {
    v1::WorkerJoined& message = *out.mutable_worker_joined();
    message.set_worker(record.worker.value());
    message.set_instance(record.instance);
    message.set_name(record.name);
    message.set_slots(record.resources.slots);
    message.set_memory_bytes(record.resources.memory_bytes);
    message.set_gpus(record.resources.gpus);
    for (const std::string& label : record.resources.labels) message.add_labels(label);
    message.set_shuffle_address(record.shuffle_address);
    message.set_spill_directory(record.spill_directory);
  }
  void operator()(const WorkerLostRecord& record) const {
    v1::WorkerLost& message = *out.mutable_worker_lost();
    message.set_worker(record.worker.value());
    message.set_reason(record.reason);
  }
  void operator()(const WorkerDrainedRecord& record) const {
    out.mutable_worker_drained()->set_worker(record.worker.value());
  }
  void operator()(const AttemptAssignedRecord& record) const {
    v1::AttemptAssigned& message = *out.mutable_attempt_assigned();
    message.set_attempt(record.attempt.value());
    ToProto(record.task, message.mutable_task());
    message.set_worker(record.worker.value());
    message.set_alone(record.alone);
  }
  void operator()(const AttemptSucceededRecord& record) const {
    v1::AttemptSucceeded& message = *out.mutable_attempt_succeeded();
    message.set_attempt(record.attempt.value());
    for (const auto& [name, value] : record.counters) {
      v1::Counter& counter = *message.add_counters();
      counter.set_name(name);
      counter.set_value(value);
    }
    message.set_result(record.result);
  }
  void operator()(const AttemptEndedRecord& record) const {
    v1::AttemptEnded& message = *out.mutable_attempt_ended();
    message.set_attempt(record.attempt.value());
    message.set_counts_as_failure(record.counts_as_failure);
    message.set_message(record.message);
    message.set_run_alone(record.run_alone);
    if (record.bad_record) message.set_bad_record(*record.bad_record);
  }
  void operator()(const OutputLostRecord& record) const {
    ToProto(record.task, out.mutable_output_lost()->mutable_task());
  }
  void operator()(const RecordSkippedRecord& record) const {
    *out.mutable_record_skipped() = Encode(record);
  }
  void operator()(const TaskCutRecord& record) const {
    ToProto(record.task, out.mutable_task_cut()->mutable_task());
    out.mutable_task_cut()->set_at(record.at);
  }
  void operator()(const TaskLeftOutRecord& record) const {
    ToProto(record.task, out.mutable_task_left_out()->mutable_task());
    out.mutable_task_left_out()->set_reason(record.reason);
  }
  void operator()(const TasksForgottenRecord& record) const {
    out.mutable_tasks_forgotten()->set_job(record.job.value());
  }
  void operator()(const JobForgottenRecord& record) const {
    out.mutable_job_forgotten()->set_job(record.job.value());
  }
  template <class Restored>
  void operator()(const Restored& record) const {
    EncodeInto(record, &out);
  }
};

Record Decode(const v1::WorkerJoined& message) {
  return WorkerJoinedRecord{WorkerId(message.worker()),
                            message.instance(),
                            message.name(),
                            {message.slots(),
                             message.memory_bytes(),
                             message.gpus(),
                             {message.labels().begin(), message.labels().end()}},
                            message.shuffle_address(),
                            message.spill_directory()};
}

Record Decode(const v1::AttemptSucceeded& message) {
  AttemptSucceededRecord record{AttemptId(message.attempt()), {}, message.result()};
  for (const v1::Counter& counter : message.counters()) {
    record.counters.emplace_back(counter.name(), counter.value());
  }
  return record;
}

absl::StatusOr<Record> Decode(const v1::JobStateChanged& message) {
  GM_ASSIGN_OR_RETURN(const JobState state, FromProto(message.state()));
  return JobStateRecord{JobId(message.job()), state, message.message()};
}

}  // namespace

v1::JournalRecord EncodeRecord(const Record& record, const RecordContext& context) {
  v1::JournalRecord message;
  std::visit(Encoder{context, message}, record);
  return message;
}

absl::StatusOr<Record> DecodeRecord(const v1::JournalRecord& record,
                                    const std::function<JobShape(const v1::JobPlan&)>& shape_of) {
  switch (record.kind_case()) {
    case v1::JournalRecord::kJobSubmitted:
      return JobSubmittedRecord{
          JobId(record.job_submitted().job()), shape_of(record.job_submitted().plan()),
          record.job_submitted().without_tasks(), record.job_submitted().queued()};
    case v1::JournalRecord::kJobStateChanged:
      return Decode(record.job_state_changed());
    case v1::JournalRecord::kWorkerJoined:
      return Decode(record.worker_joined());
    case v1::JournalRecord::kWorkerLost:
      return WorkerLostRecord{WorkerId(record.worker_lost().worker()),
                              record.worker_lost().reason()};
    case v1::JournalRecord::kWorkerDrained:
      return WorkerDrainedRecord{WorkerId(record.worker_drained().worker())};
    case v1::JournalRecord::kAttemptAssigned: {
      const v1::AttemptAssigned& message = record.attempt_assigned();
      return AttemptAssignedRecord{AttemptId(message.attempt()), FromProto(message.task()),
                                   WorkerId(message.worker()), message.alone()};
    }
    case v1::JournalRecord::kAttemptSucceeded:
      return Decode(record.attempt_succeeded());
    case v1::JournalRecord::kAttemptEnded: {
      const v1::AttemptEnded& message = record.attempt_ended();
      return AttemptEndedRecord{
          AttemptId(message.attempt()), message.counts_as_failure(), message.message(),
          message.run_alone(),
          message.has_bad_record() ? std::optional(message.bad_record()) : std::nullopt};
    }
    case v1::JournalRecord::kOutputLost:
      return OutputLostRecord{FromProto(record.output_lost().task())};
    case v1::JournalRecord::kRecordSkipped:
      return Decode(record.record_skipped());
    case v1::JournalRecord::kTaskCut:
      return TaskCutRecord{FromProto(record.task_cut().task()), record.task_cut().at()};
    case v1::JournalRecord::kTaskLeftOut:
      return TaskLeftOutRecord{FromProto(record.task_left_out().task()),
                               record.task_left_out().reason()};
    case v1::JournalRecord::kTasksForgotten:
      return TasksForgottenRecord{JobId(record.tasks_forgotten().job())};
    case v1::JournalRecord::kJobForgotten:
      return JobForgottenRecord{JobId(record.job_forgotten().job())};
    case v1::JournalRecord::kIdsRestored:
      return Decode(record.ids_restored());
    case v1::JournalRecord::kStageRestored:
      return Decode(record.stage_restored());
    case v1::JournalRecord::kTasksRestored:
      return Decode(record.tasks_restored());
    case v1::JournalRecord::kResultRestored:
      return Decode(record.result_restored());
    case v1::JournalRecord::kJobRestored:
      return Decode(record.job_restored());
    case v1::JournalRecord::kFinishedRestored:
      return Decode(record.finished_restored());
    case v1::JournalRecord::kWorkersNamed:
    case v1::JournalRecord::KIND_NOT_SET:
      break;
  }
  return DataLoss(
      "the journal has a record of an unknown kind; it was written by another version of "
      "gristmill");
}

}  // namespace gristmill::coordinator
