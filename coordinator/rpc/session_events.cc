#include "coordinator/rpc/session_events.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/labels.h"
#include "base/readable_text.h"
#include "base/report_limits.h"
#include "base/status.h"
#include "base/units.h"
#include "coordinator/skipping.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

constexpr std::uint32_t kSlotsMax = 10'000;
constexpr int kListedAttemptsMax = 100'000;
constexpr int kListedJobsMax = 100'000;
constexpr std::size_t kNameBytesMax = 256;
constexpr std::uint64_t kRunMsMax = std::uint64_t{1} << 50;
constexpr std::size_t kPathBytesMax = 4'096;
constexpr std::size_t kMessageBytesMax = 16 << 10;
constexpr std::size_t kBadRecordMessageBytesMax = 4 << 10;

// One sentence, for the user, if the report holds more than the coordinator keeps.
absl::Status CheckReport(const v1::TaskReport& report) {
  if (static_cast<std::size_t>(report.counters_size()) > kReportCountersMax) {
    return InvalidArgument("the job made more than {} counters; count fewer names",
                           kJobCountersMax);
  }
  const auto is_long = [](const v1::Counter& c) { return c.name().size() > kCounterNameBytesMax; };
  if (std::any_of(report.counters().begin(), report.counters().end(), is_long)) {
    return InvalidArgument("the name of a counter takes more than {} bytes; shorten it",
                           kCounterNameBytesMax);
  }
  if (static_cast<std::size_t>(report.lost_outputs_size()) > kReportLostOutputsMax) {
    return InvalidArgument("the task reports more than {} map outputs as lost",
                           kReportLostOutputsMax);
  }
  if (report.result().size() > kReportResultBytesMax) {
    return InvalidArgument("the result of the task takes {}, more than the {} allowed",
                           FormatBytes(report.result().size()), FormatBytes(kReportResultBytesMax));
  }
  return absl::OkStatus();
}

AttemptFailed RefusedEvent(WorkerId worker, AttemptId attempt, std::string why) {
  return {.worker = worker,
          .attempt = attempt,
          .cause = AttemptFailed::Cause::kUser,
          .message = std::move(why),
          .lost_outputs = {}};
}

AttemptFailed FailedEvent(WorkerId worker, const v1::TaskReport& report) {
  AttemptFailed event;
  event.worker = worker;
  event.attempt = AttemptId(report.attempt());
  event.message = ShortenedText(report.message(), kMessageBytesMax);
  event.run_alone = report.run_alone();
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
  AttemptSucceeded event{
      worker, AttemptId(report.attempt()), {}, report.result(), report.run_us(), report.records()};
  for (const v1::Counter& counter : report.counters()) {
    event.counters.emplace_back(counter.name(), counter.value());
  }
  if (report.has_cut_at()) event.cut_at = report.cut_at();
  return event;
}

WorkerHeartbeat HeartbeatEvent(WorkerId worker, const v1::Heartbeat& heartbeat) {
  WorkerHeartbeat event{worker, {}, heartbeat.short_of_disk()};
  event.progress.reserve(static_cast<std::size_t>(heartbeat.progress_size()));
  for (const v1::AttemptProgress& progress : heartbeat.progress()) {
    auto& told = event.progress.emplace_back();
    told.attempt = AttemptId(progress.attempt());
    told.records = progress.records();
    told.done_ppm = progress.done_ppm();
    told.run_ms = static_cast<DurationMs>(std::min(progress.run_ms(), kRunMsMax));
    if (progress.has_cut_at()) told.cut_at = progress.cut_at();
  }
  return event;
}

// InvalidArgument if the running attempt can't have been cut there.
absl::Status CheckCutOf(const Driver& driver, WorkerId worker, AttemptId attempt,
                        std::uint64_t cut_at) {
  const auto task = driver.core().task_of(attempt, worker);
  if (!task) return absl::OkStatus();  // stale: nobody listens
  const CatalogEntry& entry = *driver.catalog().Find(task->job);
  return CheckCut(*entry.plan, *entry.splits, task->stage, driver.core().task(*task)->part, cut_at);
}

void OnHeartbeat(Driver& driver, WorkerId worker, const v1::Heartbeat& heartbeat) {
  WorkerHeartbeat event = HeartbeatEvent(worker, heartbeat);
  std::vector<AttemptFailed> refused;
  for (WorkerHeartbeat::Progress& progress : event.progress) {
    if (!progress.cut_at) continue;
    const absl::Status valid = CheckCutOf(driver, worker, progress.attempt, *progress.cut_at);
    if (valid.ok()) continue;
    progress.cut_at.reset();
    refused.push_back(RefusedEvent(worker, progress.attempt, Message(valid)));
  }
  driver.Step(event);
  for (const v1::AttemptProgress& progress : heartbeat.progress()) {
    if (!JobInsight::Tells(progress)) continue;
    if (!driver.core().task_of(AttemptId(progress.attempt()), worker)) continue;
    driver.insight().OnProgress(progress, driver.now());
  }
  for (const AttemptFailed& failed : refused) {
    if (WorkerLink* link = driver.links().Find(worker)) link->outbox.Cancel(failed.attempt);
    driver.Step(failed);
  }
}

// The record at which the job's code died, if the job may skip it. What is said of it is kept until
// the job ends.
void AddRecord(const Driver& driver, const v1::TaskReport& report, AttemptFailed* failed) {
  const auto task = driver.core().task_of(failed->attempt, failed->worker);
  if (!task || failed->cause != AttemptFailed::Cause::kUser) return;
  const CatalogEntry& entry = *driver.catalog().Find(task->job);
  failed->record =
      BadRecordOf(report, *entry.plan, *entry.splits, task->stage, driver.core().task(*task)->part);
  if (failed->record) failed->message = ShortenedText(failed->message, kBadRecordMessageBytesMax);
}

Event CheckedReportEvent(const Driver& driver, WorkerId worker, const v1::TaskReport& report) {
  if (report.has_cut_at()) {
    const AttemptId attempt(report.attempt());
    const absl::Status valid = CheckCutOf(driver, worker, attempt, report.cut_at());
    if (!valid.ok()) return RefusedEvent(worker, attempt, Message(valid));
  }
  Event event = ReportEvent(worker, report);
  if (auto* failed = std::get_if<AttemptFailed>(&event); failed != nullptr) {
    AddRecord(driver, report, failed);
  }
  return event;
}

void OnReport(Driver& driver, WorkerId worker, const v1::TaskReport& report) {
  const Event event = CheckedReportEvent(driver, worker, report);
  const auto task = driver.core().task_of(AttemptId(report.attempt()), worker);
  if (task && std::holds_alternative<AttemptSucceeded>(event)) {
    driver.insight().OnSuccess(*task, worker, report, driver.now());
  }
  driver.Step(event);
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
  if (message.gpus() > kGpusMax) {
    return InvalidArgument("worker {} offers {} GPUs; at most {} are allowed", message.name(),
                           message.gpus(), kGpusMax);
  }
  if (absl::Status labels = CheckLabels({message.labels().begin(), message.labels().end()});
      !labels.ok()) {
    return InvalidArgument("worker {}: {}", message.name(), Message(labels));
  }
  if (message.running_attempts_size() > kListedAttemptsMax) {
    return InvalidArgument("worker {} lists more than {} attempts", message.name(),
                           kListedAttemptsMax);
  }
  if (message.jobs_size() > kListedJobsMax) {
    return InvalidArgument("worker {} lists more than {} jobs", message.name(), kListedJobsMax);
  }
  return absl::OkStatus();
}

WorkerRegistered RegisteredEvent(const v1::Register& message) {
  WorkerRegistered event{.instance = message.instance(),
                         .name = message.name(),
                         .resources = {message.slots(),
                                       message.memory_bytes(),
                                       message.gpus(),
                                       {message.labels().begin(), message.labels().end()}},
                         .shuffle_address = message.shuffle_address(),
                         .spill_directory = message.spill_directory(),
                         .running = {},
                         .jobs = {}};
  for (const std::uint64_t attempt : message.running_attempts()) {
    event.running.emplace_back(attempt);
  }
  for (const std::uint64_t job : message.jobs()) event.jobs.emplace_back(job);
  return event;
}

Event ReportEvent(WorkerId worker, const v1::TaskReport& report) {
  const absl::Status valid = CheckReport(report);
  if (!valid.ok()) return RefusedEvent(worker, AttemptId(report.attempt()), Message(valid));
  switch (report.outcome()) {
    case v1::TASK_OUTCOME_SUCCEEDED:
      return SucceededEvent(worker, report);
    case v1::TASK_OUTCOME_FAILED:
    case v1::TASK_OUTCOME_FETCH_FAILED:
    case v1::TASK_OUTCOME_HANDED_BACK:
      return FailedEvent(worker, report);
    default:
      return RefusedEvent(worker, AttemptId(report.attempt()),
                          "the worker's report has no known outcome");
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
  ++driver.work().messages;
  driver.Then([session] { session->ReadNext(); });
  const WorkerId worker = driver.links().WorkerOf(session.get());
  if (!worker) return;  // given up meanwhile: its session is being closed
  switch (message.kind_case()) {
    case v1::WorkerMessage::kHeartbeat:
      OnHeartbeat(driver, worker, message.heartbeat());
      return;
    case v1::WorkerMessage::kReports:
      for (const v1::TaskReport& report : message.reports().reports()) {
        OnReport(driver, worker, report);
      }
      return;
    case v1::WorkerMessage::kDrain:
      driver.Step(WorkerDraining{worker});
      return;
    case v1::WorkerMessage::kGoodbye:
      driver.Step(WorkerLeft{worker});
      return;
    case v1::WorkerMessage::kLogRead:
      driver.logs().OnAnswer(worker, message.log_read());
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
