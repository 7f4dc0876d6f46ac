#include "coordinator/rpc/session_events.h"

#include <string>
#include <utility>

#include "base/status.h"
#include "base/units.h"

namespace gristmill::coordinator {
namespace {

constexpr std::uint32_t kSlotsMax = 10'000;
constexpr int kListedAttemptsMax = 100'000;
constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kPathBytesMax = 4'096;
constexpr std::size_t kResultBytesMax = 64 << 10;
constexpr std::size_t kMessageBytesMax = 16 << 10;
constexpr int kCountersMax = 10'000;
constexpr int kLostOutputsMax = 1'000'000;

// At most `bytes_max` of `text`, not cutting a UTF-8 character.
std::string Shorten(const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + " …";
}

AttemptFailed FailedEvent(WorkerId worker, const v1::TaskReport& report) {
  AttemptFailed event;
  event.worker = worker;
  event.attempt = AttemptId(report.attempt());
  event.message = Shorten(report.message(), kMessageBytesMax);
  if (report.outcome() == v1::TASK_OUTCOME_FETCH_FAILED) {
    event.cause = AttemptFailed::Cause::kFetch;
    for (const v1::TaskId& lost : report.lost_outputs()) {
      event.lost_outputs.push_back({JobId(lost.job()), lost.stage(), lost.task()});
    }
  } else if (report.outcome() == v1::TASK_OUTCOME_HANDED_BACK) {
    event.cause = AttemptFailed::Cause::kHandedBack;
  }
  return event;
}

AttemptSucceeded SucceededEvent(WorkerId worker, const v1::TaskReport& report) {
  AttemptSucceeded event{worker, AttemptId(report.attempt()), {}, report.result()};
  for (const v1::Counter& counter : report.counters()) {
    event.counters.emplace_back(counter.name(), counter.value());
  }
  return event;
}

void OnReports(Driver& driver, const std::shared_ptr<SessionPort>& session, WorkerId worker,
               const v1::ReportBatch& batch) {
  for (const v1::TaskReport& report : batch.reports()) {
    const absl::StatusOr<Event> event = ReportEvent(worker, report);
    if (!event.ok()) {
      session->Close(event.status());
      return;
    }
    driver.Step(*event);
  }
}

}  // namespace

absl::Status CheckRegister(const v1::Register& message, const std::string& version) {
  if (message.instance().empty() || message.instance().size() > kNameBytesMax ||
      message.name().empty() || message.name().size() > kNameBytesMax ||
      message.shuffle_address().size() > kNameBytesMax ||
      message.spill_directory().size() > kPathBytesMax) {
    return InvalidArgument("the registration lacks an instance or a name, or a field is too long");
  }
  if (message.version() != version) {
    return FailedPrecondition(
        "worker {} runs gristmill {} but the coordinator runs {}; install the same version on both",
        message.name(), message.version(), version);
  }
  if (message.slots() == 0 || message.slots() > kSlotsMax) {
    return InvalidArgument("worker {} offers {} slots; between 1 and {} are allowed",
                           message.name(), message.slots(), kSlotsMax);
  }
  if (message.running_attempts_size() > kListedAttemptsMax) {
    return InvalidArgument("worker {} lists more than {} attempts", message.name(),
                           kListedAttemptsMax);
  }
  return absl::OkStatus();
}

WorkerRegistered RegisteredEvent(const v1::Register& message) {
  WorkerRegistered event{.instance = message.instance(),
                         .name = message.name(),
                         .slots = message.slots(),
                         .shuffle_address = message.shuffle_address(),
                         .spill_directory = message.spill_directory(),
                         .running = {}};
  for (const std::uint64_t attempt : message.running_attempts()) {
    event.running.emplace_back(attempt);
  }
  return event;
}

absl::StatusOr<Event> ReportEvent(WorkerId worker, const v1::TaskReport& report) {
  if (report.counters_size() > kCountersMax || report.lost_outputs_size() > kLostOutputsMax) {
    return InvalidArgument("the report of attempt {} has too many entries", report.attempt());
  }
  switch (report.outcome()) {
    case v1::TASK_OUTCOME_SUCCEEDED:
      if (report.result().size() > kResultBytesMax) {
        return InvalidArgument("the result of attempt {} takes {}, more than the {} allowed",
                               report.attempt(), FormatBytes(report.result().size()),
                               FormatBytes(kResultBytesMax));
      }
      return SucceededEvent(worker, report);
    case v1::TASK_OUTCOME_FAILED:
    case v1::TASK_OUTCOME_FETCH_FAILED:
    case v1::TASK_OUTCOME_HANDED_BACK:
      return FailedEvent(worker, report);
    default:
      return InvalidArgument("the report of attempt {} has no known outcome", report.attempt());
  }
}

void OnRegister(Driver& driver, const std::shared_ptr<SessionPort>& session,
                const v1::Register& message) {
  driver.links().Open(message.instance(), session);
  driver.Step(RegisteredEvent(message));
  driver.Then([session] { session->ReadNext(); });
}

void OnWorkerMessage(Driver& driver, const std::shared_ptr<SessionPort>& session,
                     const v1::WorkerMessage& message) {
  driver.Then([session] { session->ReadNext(); });
  const WorkerId worker = driver.links().WorkerOf(session.get());
  if (!worker) return;  // given up meanwhile: its session is being closed
  switch (message.kind_case()) {
    case v1::WorkerMessage::kHeartbeat:
      driver.Step(WorkerHeartbeat{worker});
      return;
    case v1::WorkerMessage::kReports:
      OnReports(driver, session, worker, message.reports());
      return;
    case v1::WorkerMessage::kDrain:
      driver.Step(WorkerDraining{worker});
      return;
    case v1::WorkerMessage::kGoodbye:
      driver.Step(WorkerLeft{worker});
      return;
    case v1::WorkerMessage::kRegister:
    case v1::WorkerMessage::KIND_NOT_SET:
      session->Close(InvalidArgument("a session registers once, with its first message"));
      return;
  }
}

void OnSessionClosed(Driver& driver, const SessionPort* session) {
  const WorkerId worker = driver.links().OnClosed(session);
  if (worker) driver.Step(WorkerDisconnected{worker});
}

}  // namespace gristmill::coordinator
