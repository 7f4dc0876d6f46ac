#include "worker/message_translation.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace gristmill::worker {
namespace {

class CommandPayload : public Payload {
 public:
  v1::RunnerCommand command;
};
class NotesPayload : public Payload {
 public:
  v1::AttemptProgress notes;  // those fields alone
};
class ReportPayload : public Payload {
 public:
  v1::TaskReport report;
};

// A coordinator that says zero must not make heartbeats a busy loop.
constexpr std::uint32_t kHeartbeatMsMin = 10;

// Long enough to mean never, short enough to be added to an instant.
constexpr std::uint64_t kTaskTimeoutMsMax = std::uint64_t{1} << 50;

// What the tag and the length in front of a nested message take at most.
constexpr std::size_t kFramingBytesMax = 12;

std::vector<AttemptId> Attempts(const google::protobuf::RepeatedField<std::uint64_t>& ids) {
  return {ids.begin(), ids.end()};
}

SessionRegistered Translate(const v1::Registered& registered) {
  return {WorkerId(registered.worker()),
          std::max<DurationMs>(registered.heartbeat_ms(), kHeartbeatMsMin),
          std::max<DurationMs>(registered.lease_ms(), kHeartbeatMsMin),
          registered.forget_everything()};
}

JobStarted Translate(v1::JobStart&& start, const RunnerSetup& setup) {
  auto payload = std::make_shared<CommandPayload>();
  v1::RunnerStart& command = *payload->command.mutable_start();
  const auto timeout_ms = static_cast<DurationMs>(
      std::min(start.plan().request().task_timeout_ms(), kTaskTimeoutMsMax));
  const bool brings_files = start.plan().request().files_size() > 0;
  command.set_job(start.job());
  *command.mutable_plan() = std::move(*start.mutable_plan());
  command.set_threads(ThreadsFor(command.plan().request(), setup.resources));
  command.set_spill_directory(setup.spill_directory);
  const std::uint32_t gpus = command.plan().request().task_gpus();
  return {JobId(start.job()), std::move(payload), timeout_ms, brings_files, gpus};
}

SourcesChanged Translate(v1::ShuffleSources&& sources) {
  auto payload = std::make_shared<CommandPayload>();
  SourcesChanged changed{JobId(sources.job()), sources.stage(), payload};
  *payload->command.mutable_sources() = std::move(sources);
  return changed;
}

BroadcastMade Translate(v1::Broadcast&& broadcast) {
  auto payload = std::make_shared<CommandPayload>();
  BroadcastMade made{JobId(broadcast.job()), broadcast.stage(), payload};
  *payload->command.mutable_broadcast() = std::move(broadcast);
  return made;
}

AttemptAssigned Translate(v1::TaskAssignment&& assignment) {
  auto payload = std::make_shared<CommandPayload>();
  AttemptAssigned assigned{JobId(assignment.id().job()), AttemptId(assignment.attempt()), payload,
                           assignment.alone()};
  *payload->command.mutable_assign()->add_assignments() = std::move(assignment);
  return assigned;
}

std::optional<std::uint64_t> CutAt(const v1::AttemptProgress& progress) {
  return progress.has_cut_at() ? std::optional(progress.cut_at()) : std::nullopt;
}

// Of what a runner says of an attempt, that which only people want to know; null if there is
// nothing.
PayloadPtr NotesOf(v1::AttemptProgress& progress) {
  if (!progress.has_spent() && !progress.has_heavy_key() && progress.input_bytes() == 0) {
    return nullptr;
  }
  auto payload = std::make_shared<NotesPayload>();
  if (progress.has_spent()) payload->notes.mutable_spent()->Swap(progress.mutable_spent());
  if (progress.has_heavy_key()) {
    payload->notes.mutable_heavy_key()->Swap(progress.mutable_heavy_key());
  }
  payload->notes.set_input_bytes(progress.input_bytes());
  return payload;
}

Outcome OutcomeOf(v1::TaskOutcome outcome) {
  switch (outcome) {
    case v1::TASK_OUTCOME_SUCCEEDED:
      return Outcome::kSucceeded;
    case v1::TASK_OUTCOME_FETCH_FAILED:
      return Outcome::kFetchFailed;
    case v1::TASK_OUTCOME_HANDED_BACK:
      return Outcome::kHandedBack;
    default:
      return Outcome::kFailed;
  }
}

v1::TaskOutcome OutcomeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSucceeded:
      return v1::TASK_OUTCOME_SUCCEEDED;
    case Outcome::kFailed:
      return v1::TASK_OUTCOME_FAILED;
    case Outcome::kFetchFailed:
      return v1::TASK_OUTCOME_FETCH_FAILED;
    case Outcome::kHandedBack:
      return v1::TASK_OUTCOME_HANDED_BACK;
  }
  return v1::TASK_OUTCOME_UNSPECIFIED;
}

AttemptsOverdue Translate(const v1::OverdueAttempts& message) {
  AttemptsOverdue overdue;
  for (const v1::OverdueAttempt& attempt : message.attempts()) {
    overdue.attempts.push_back(
        {AttemptId(attempt.attempt()),
         static_cast<DurationMs>(std::min(attempt.limit_ms(), kTaskTimeoutMsMax))});
  }
  return overdue;
}

}  // namespace

std::uint32_t ThreadsFor(const v1::JobRequest& request, const RunnerSetup::Resources& resources) {
  std::uint64_t threads = resources.slots / std::max(request.task_cpus(), 1u);
  if (request.task_memory_bytes() > 0) {
    threads = std::min(threads, resources.memory_bytes / request.task_memory_bytes());
  }
  if (request.task_gpus() > 0) {
    threads = std::min<std::uint64_t>(threads, resources.gpus / request.task_gpus());
  }
  return std::max(static_cast<std::uint32_t>(threads), 1u);
}

std::vector<Input> InputsOf(v1::CoordinatorMessage message, const RunnerSetup& setup) {
  std::vector<Input> inputs;
  switch (message.kind_case()) {
    case v1::CoordinatorMessage::kRegistered:
      inputs.push_back(Translate(message.registered()));
      break;
    case v1::CoordinatorMessage::kJobStart:
      inputs.push_back(Translate(std::move(*message.mutable_job_start()), setup));
      break;
    case v1::CoordinatorMessage::kSources:
      inputs.push_back(Translate(std::move(*message.mutable_sources())));
      break;
    case v1::CoordinatorMessage::kBroadcast:
      inputs.push_back(Translate(std::move(*message.mutable_broadcast())));
      break;
    case v1::CoordinatorMessage::kAssign:
      for (v1::TaskAssignment& assignment : *message.mutable_assign()->mutable_assignments()) {
        inputs.push_back(Translate(std::move(assignment)));
      }
      break;
    case v1::CoordinatorMessage::kCancel:
      inputs.push_back(AttemptsCancelled{Attempts(message.cancel().attempts())});
      break;
    case v1::CoordinatorMessage::kCut:
      inputs.push_back(CutsAsked{Attempts(message.cut().attempts())});
      break;
    case v1::CoordinatorMessage::kJobEnd:
      for (const std::uint64_t job : message.job_end().jobs()) {
        inputs.push_back(JobEnded{JobId(job)});
      }
      break;
    case v1::CoordinatorMessage::kAck:
      inputs.push_back(ReportsAcknowledged{Attempts(message.ack().attempts())});
      break;
    case v1::CoordinatorMessage::kDrainComplete:
      inputs.push_back(DrainCompleted{});
      break;
    case v1::CoordinatorMessage::kOverdue:
      inputs.push_back(Translate(message.overdue()));
      break;
    case v1::CoordinatorMessage::kReadLog:  // the shell answers
    case v1::CoordinatorMessage::KIND_NOT_SET:
      break;
  }
  return inputs;
}

std::optional<Input> InputOf(RunnerId runner, v1::RunnerMessage message) {
  if (message.has_reports()) {
    RunnerReported reported{runner, {}};
    for (v1::TaskReport& report : *message.mutable_reports()->mutable_reports()) {
      auto payload = std::make_shared<ReportPayload>();
      payload->report = std::move(report);
      const v1::TaskReport& kept = payload->report;
      reported.reports.push_back(
          {AttemptId(kept.attempt()), OutcomeOf(kept.outcome()), kept.message(), payload});
    }
    return reported;
  }
  if (message.has_progress()) {
    RunnerProgressed progressed{runner, {}};
    for (v1::AttemptProgress& progress : *message.mutable_progress()->mutable_progress()) {
      progressed.progress.push_back(
          {AttemptId(progress.attempt()), progress.records(),
           static_cast<DurationMs>(std::min(progress.run_ms(), kTaskTimeoutMsMax)),
           progress.done_ppm(), CutAt(progress), progress.status(), NotesOf(progress)});
    }
    return progressed;
  }
  return std::nullopt;
}

v1::RunnerCommand CommandOf(const ForwardToRunner& forward) {
  v1::RunnerCommand command = static_cast<const CommandPayload&>(*forward.payload).command;
  for (const std::uint32_t gpu : forward.gpus) {
    command.mutable_assign()->mutable_assignments(0)->add_gpus(gpu);
  }
  return command;
}

v1::RunnerCommand CommandOf(const CancelOnRunner& cancel) {
  v1::RunnerCommand command;
  for (const AttemptId id : cancel.attempts) command.mutable_cancel()->add_attempts(id.value());
  return command;
}

v1::RunnerCommand CommandOf(const CutOnRunner& cut) {
  v1::RunnerCommand command;
  for (const AttemptId id : cut.attempts) command.mutable_cut()->add_attempts(id.value());
  return command;
}

v1::WorkerMessage MessageOf(const SendHeartbeat& heartbeat) {
  v1::WorkerMessage message;
  v1::Heartbeat& wire = *message.mutable_heartbeat();
  wire.set_short_of_disk(heartbeat.short_of_disk);
  for (const Progress& progress : heartbeat.progress) {
    v1::AttemptProgress& attempt = *wire.add_progress();
    if (progress.notes != nullptr) {
      attempt = static_cast<const NotesPayload&>(*progress.notes).notes;
    }
    if (!progress.status.empty()) attempt.set_status(progress.status);
    attempt.set_attempt(progress.attempt.value());
    attempt.set_records(progress.records);
    attempt.set_run_ms(static_cast<std::uint64_t>(std::max<DurationMs>(progress.run_ms, 0)));
    attempt.set_done_ppm(progress.done_ppm);
    if (progress.cut_at) attempt.set_cut_at(*progress.cut_at);
  }
  return message;
}

std::vector<v1::WorkerMessage> MessagesOf(const SendReports& reports, std::size_t bytes_max) {
  std::vector<v1::WorkerMessage> messages;
  std::size_t bytes = 0;  // of the last one
  for (const Report& report : reports.reports) {
    v1::TaskReport wire;
    if (report.details != nullptr) wire = static_cast<const ReportPayload&>(*report.details).report;
    wire.set_attempt(report.attempt.value());
    wire.set_outcome(OutcomeOf(report.outcome));
    wire.set_message(report.message);
    wire.set_run_alone(report.run_alone);
    if (report.bad_record) wire.set_bad_record(*report.bad_record);
    const std::size_t wire_bytes = wire.ByteSizeLong() + kFramingBytesMax;
    if (messages.empty() || bytes + wire_bytes > bytes_max) {
      messages.emplace_back();
      bytes = kFramingBytesMax;
    }
    bytes += wire_bytes;
    *messages.back().mutable_reports()->add_reports() = std::move(wire);
  }
  return messages;
}

}  // namespace gristmill::worker
