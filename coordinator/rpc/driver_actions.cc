// What the core's actions mean outside of it. Each prepares; Speak lets it out.
#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

#include "base/status.h"
#include "coordinator/left_out.h"
#include "coordinator/rpc/driver.h"
#include "coordinator/skipping.h"

namespace gristmill::coordinator {
namespace {

// Lost with the stream if that is just breaking: a worker that comes back lists what it holds.
void TellJobEnd(JobId job, WorkerLink* link) {
  link->outbox.EndJob(job);
  link->told.Forget(job);
}

}  // namespace

void Driver::Perform(const StartAttempt& action) {
  // Without a session the worker re-registers without the attempt, and the core starts it anew.
  if (WorkerLink* link = links_.Find(action.worker)) assignments_.Assign(action, link);
}

void Driver::Perform(const CancelAttempt& action) {
  if (WorkerLink* link = links_.Find(action.worker)) link->outbox.Cancel(action.attempt);
}

void Driver::Perform(const AskCut& action) {
  if (WorkerLink* link = links_.Find(action.worker)) link->outbox.AskCut(action.attempt);
}

void Driver::Perform(const StopOverdue& action) {
  if (WorkerLink* link = links_.Find(action.worker)) {
    link->outbox.StopOverdue(action.attempt, action.limit_ms);
  }
}

void Driver::Perform(const AcceptWorker& action) {
  WorkerLink* link = links_.Bind(action.instance, action.worker);
  if (link == nullptr) return;
  v1::CoordinatorMessage message;
  v1::Registered* registered = message.mutable_registered();
  registered->set_worker(action.worker.value());
  registered->set_heartbeat_ms(static_cast<std::uint32_t>(options_.heartbeat_ms));
  registered->set_lease_ms(static_cast<std::uint32_t>(options_.limits.lease_ms));
  registered->set_forget_everything(action.forget_everything);
  link->outbox.Add(std::move(message));
}

void Driver::Perform(const DropWorker& action) {
  links_.Close(action.worker, Unavailable("the coordinator gave the worker up: {}; it may "
                                          "register again",
                                          action.reason));
}

void Driver::Perform(const AcknowledgeReport& action) {
  if (WorkerLink* link = links_.Find(action.worker)) link->outbox.Acknowledge(action.attempt);
}

void Driver::Perform(const CommitOutput& action) {
  const OutputPort::Plan plan = catalog_.Find(action.job)->plan;
  OutputPort::Finished finished{action.winners,
                                SetAsideOf(core_.skipped_records(action.job), *plan)};
  if (const auto left_out = core_.left_out_tasks(action.job); !left_out.empty()) {
    finished.failed_tasks =
        FailedTasksText(left_out, *plan, *catalog_.SplitsOf(*catalog_.Find(action.job)));
  }
  Then([this, job = action.job, plan, finished = std::move(finished)] {
    outputs_->Commit(job, plan, finished);
  });
}

void Driver::Perform(const EndJob& action) {
  assignments_.Forget(action.job);
  ReleaseFiles(action.job);
  for (auto& [worker, link] : links_.all()) TellJobEnd(action.job, &link);
  // Output that could not be put into place is kept: it is all there.
  if (action.state == JobState::kSucceeded || catalog_.Find(action.job)->commit_failed) return;
  Then([this, plan = catalog_.Find(action.job)->plan] { outputs_->Abandon(plan); });
}

void Driver::Perform(const DropJobs& action) {
  WorkerLink* link = links_.Find(action.worker);
  if (link == nullptr) return;
  for (const JobId job : action.jobs) TellJobEnd(job, link);
}

void Driver::Perform(const JobAccepted& action) { accepted_ = action.job; }

void Driver::Perform(const ReleaseWorker& action) {
  WorkerLink* link = links_.Find(action.worker);
  if (link == nullptr) return;
  v1::CoordinatorMessage message;
  message.mutable_drain_complete();
  link->outbox.Add(std::move(message));
}

void Driver::Perform(const QuarantineWorker& action) {
  spdlog::warn("worker {} ({}) gets no tasks for {} s: {}", action.worker.value(),
               catalog_.WorkerName(action.worker), action.ms / 1'000.0, action.evidence);
}

void Driver::Perform(const EndQuarantine& action) {
  spdlog::info("worker {} ({}) gets tasks again", action.worker.value(),
               catalog_.WorkerName(action.worker));
}

void Driver::Perform(const NoteDiskSpace& action) {
  watches_.TouchAll();  // what jobs wait for may be that
  if (action.is_short) {
    spdlog::warn("worker {} ({}) is short of disk space: it gets no tasks whose output is shuffled",
                 action.worker.value(), catalog_.WorkerName(action.worker));
  } else {
    spdlog::info("worker {} ({}) has disk space again: it gets all kinds of tasks",
                 action.worker.value(), catalog_.WorkerName(action.worker));
  }
}

void Driver::Log(const Record& record) const {
  if (const auto* submitted = std::get_if<JobSubmittedRecord>(&record)) {
    spdlog::info("job {} ({}) was submitted", submitted->job.value(), submitted->shape.name);
  } else if (const auto* changed = std::get_if<JobStateRecord>(&record)) {
    const v1::JobStatus status = StatusOf(changed->job);
    spdlog::info("job {} is {}{}{}", status.id(), v1::JobState_Name(status.state()),
                 status.message().empty() ? "" : ": ", status.message());
  } else if (const auto* skipped = std::get_if<RecordSkippedRecord>(&record)) {
    spdlog::warn("job {} skips the record at {} offset {}: {}", skipped->task.job.value(),
                 skipped->record.path, skipped->record.offset, skipped->reason);
  } else if (const auto* left_out = std::get_if<TaskLeftOutRecord>(&record)) {
    spdlog::warn("job {} goes on without stage {} task {}: {}", left_out->task.job.value(),
                 left_out->task.stage, left_out->task.task, left_out->reason);
  } else if (const auto* joined = std::get_if<WorkerJoinedRecord>(&record)) {
    spdlog::info("worker {} ({}, {} slots) joined", joined->worker.value(), joined->name,
                 joined->resources.slots);
  } else if (const auto* lost = std::get_if<WorkerLostRecord>(&record)) {
    spdlog::warn("worker {} ({}) is gone: {}", lost->worker.value(),
                 catalog_.WorkerName(lost->worker), lost->reason);
  }
}

}  // namespace gristmill::coordinator
