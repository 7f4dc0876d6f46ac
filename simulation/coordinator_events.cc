// What the coordinator's core is told, and what becomes of its answer: coordinator/rpc/driver.cc
// and session_events.cc, on virtual sessions.
#include <algorithm>

#include "coordinator/core/worker_pool.h"
#include "simulation/bad_records.h"
#include "simulation/history_text.h"
#include "simulation/virtual_coordinator.h"

namespace gristmill::simulation {

void VirtualCoordinator::Handle(Recovery&) {
  for (Lease& lease : leases_) lease.unheard = 0;
  OnStall();
  Take(core_->Recover(now_));
}

void VirtualCoordinator::Handle(SessionEnded& item) {
  absl::erase_if(opening_, [&](const auto& entry) { return entry.second == item.session; });
  unread_.erase(item.session);
  world_->network.at(item.session).coordinator_closed = true;
  const auto found = workers_.find(item.session);
  if (found == workers_.end()) return;
  const WorkerId worker = found->second;
  workers_.erase(found);
  LinkOf(worker) = {};
  Step(coordinator::WorkerDisconnected{worker});
}

void VirtualCoordinator::Handle(ClientSubmit& item) {
  submitting_ = item.client;
  Step(coordinator::SubmitJob{world_->conditions.jobs[item.client]});
}

namespace {

std::optional<std::uint64_t> CutAt(const AttemptTrace& trace) {
  return trace.cut ? std::optional<std::uint64_t>(trace.end - trace.begin) : std::nullopt;
}

coordinator::Event EventOf(WorkerId worker, const worker::Report& report, const DataPlane& data) {
  using Cause = coordinator::AttemptFailed::Cause;
  const auto failed = [&](Cause cause) {
    return coordinator::AttemptFailed{worker, report.attempt,  cause, report.message,
                                      {},     report.run_alone};
  };
  switch (report.outcome) {
    case worker::Outcome::kSucceeded: {
      const AttemptTrace& trace = *data.Find(report.attempt);
      return coordinator::AttemptSucceeded{
          .worker = worker,
          .attempt = report.attempt,
          .counters = {{kCounterName, CountOf(trace.task)}},
          .result = ResultOf(trace.task),
          .run_us = static_cast<std::uint64_t>(trace.run_us),
          .records = RecordsOf(trace.task) * (trace.end - trace.begin) / kSplitLength,
          .cut_at = CutAt(trace)};
    }
    case worker::Outcome::kFailed:
      return failed(Cause::kUser);
    case worker::Outcome::kHandedBack:
      return failed(Cause::kHandedBack);
    case worker::Outcome::kFetchFailed:
      break;
  }
  coordinator::AttemptFailed event = failed(Cause::kFetch);
  for (const auto& missing : static_cast<const FetchFailedDetails&>(*report.details).missing) {
    event.lost_outputs.push_back(missing.first);
  }
  return event;
}

}  // namespace

coordinator::Event VirtualCoordinator::ReportEvent(WorkerId worker,
                                                   const worker::Report& report) const {
  coordinator::Event event = EventOf(worker, report, world_->data);
  auto* failed = std::get_if<coordinator::AttemptFailed>(&event);
  const auto task = core_->task_of(report.attempt, worker);
  if (failed != nullptr && task && report.bad_record) {
    failed->record = {InputPath(task->stage, core_->task(*task)->part.planned), *report.bad_record};
  }
  return event;
}

void VirtualCoordinator::Handle(FromWorker& item) {
  read_.push_back(item.session);
  ++messages_;
  if (const auto* registration = std::get_if<Registration>(&item.message)) {
    opening_[(*registration)->instance] = item.session;
    return Step(**registration);
  }
  const auto found = workers_.find(item.session);
  if (found == workers_.end()) return;
  const WorkerId worker = found->second;
  if (const auto* heartbeat = std::get_if<Heartbeat>(&item.message)) {
    coordinator::WorkerHeartbeat event{worker, {}, heartbeat->short_of_disk};
    for (const worker::Progress& progress : heartbeat->progress) {
      event.progress.push_back({.attempt = progress.attempt,
                                .records = progress.records,
                                .done_ppm = progress.done_ppm,
                                .cut_at = progress.cut_at,
                                .run_ms = progress.run_ms});
    }
    Step(event);
  } else if (const auto* reports = std::get_if<worker::SendReports>(&item.message)) {
    for (const worker::Report& report : reports->reports) {
      Step(ReportEvent(worker, report));
    }
  } else if (std::holds_alternative<worker::SendDrain>(item.message)) {
    Step(coordinator::WorkerDraining{worker});
  } else {
    Step(coordinator::WorkerLeft{worker});
  }
}

void VirtualCoordinator::Heard(WorkerId worker) {
  if (worker.value() > leases_.size()) leases_.resize(worker.value());
  leases_[worker.value() - 1] = {now_, 0};
}

// Everybody gets a fresh lease, but not for ever.
void VirtualCoordinator::OnStall() {
  for (Lease& lease : leases_) {
    if (lease.unheard < coordinator::kFreshLeasesMax) lease = {now_, lease.unheard + 1};
  }
}

void VirtualCoordinator::Step(coordinator::Event event) {
  ++events_;
  if (const auto* heartbeat = std::get_if<coordinator::WorkerHeartbeat>(&event)) {
    Heard(heartbeat->worker);
  } else if (const auto* succeeded = std::get_if<coordinator::AttemptSucceeded>(&event)) {
    Heard(succeeded->worker);
  } else if (const auto* failed = std::get_if<coordinator::AttemptFailed>(&event)) {
    Heard(failed->worker);
  } else if (const auto* draining = std::get_if<coordinator::WorkerDraining>(&event)) {
    Heard(draining->worker);
  }
  coordinator::AttemptFailed missed;  // a failed fetch as the worker reported it
  if (const auto* failed = std::get_if<coordinator::AttemptFailed>(&event);
      failed != nullptr && failed->cause == coordinator::AttemptFailed::Cause::kFetch) {
    missed = *failed;
  }
  if (!world_->saboteur.Pass(*core_, event)) return;
  coordinator::Output output = core_->Step(event, now_);
  for (const coordinator::Record& record : output.records) {
    if (const auto* ended = std::get_if<coordinator::AttemptEndedRecord>(&record)) {
      if (missed.attempt && ended->attempt == missed.attempt) {
        world_->checker.OnFetchFailureTaken(missed.attempt, missed.lost_outputs);
      }
    } else if (const auto* lost = std::get_if<coordinator::WorkerLostRecord>(&record)) {
      if (!std::holds_alternative<coordinator::Tick>(event)) continue;
      const Instant began = leases_[lost->worker.value() - 1].began;
      world_->checker.OnLeaseEnded(lost->worker, now_ - began, limits_.lease_ms);
    }
  }
  Take(std::move(output));
}

void VirtualCoordinator::Take(coordinator::Output output) {
  world_->saboteur.Tamper(output);
  for (coordinator::Record& record : output.records) {
    if (world_->tell) world_->Tell("coordinator: {}", Describe(record));
    if (const auto* submitted = std::get_if<coordinator::JobSubmittedRecord>(&record)) {
      plans_[submitted->job] = std::make_shared<StartPayload>(submitted->shape);
    }
    batch_.push_back(std::move(record));
  }
  for (const coordinator::Action& action : output.actions) {
    std::visit([this](const auto& typed) { Perform(typed); }, action);
  }
}

}  // namespace gristmill::simulation
