#include "simulation/virtual_coordinator.h"

#include <fmt/format.h>

#include <algorithm>

#include "coordinator/core/worker_pool.h"
#include "simulation/bad_records.h"
#include "simulation/history_text.h"

namespace gristmill::simulation {
namespace {

constexpr Microseconds kNoTimer = INT64_MAX;
constexpr DurationMs kWaitMaxMs = 60'000;  // as in coordinator/rpc/shell.cc
constexpr DurationMs kStallMs = 2'000;     // likewise
// The live state of a large cluster is looked at once in so many turns.
constexpr std::uint64_t kTurnsPerLook = 4'096;
// A small cluster's is compared with its journal after each turn, if it has no more tasks than
// this, else once in so many turns.
constexpr std::uint32_t kTasksToCompareMax = 120;
constexpr std::uint64_t kTurnsPerComparison = 16;

}  // namespace

VirtualCoordinator::VirtualCoordinator(World* world)
    : world_(world),
      limits_(world->conditions.limits),
      log_(&world->checker, limits_, world->conditions),
      timer_at_(kNoTimer) {}

// --- The process
// -------------------------------------------------------------------------------------

void VirtualCoordinator::Start() {
  ++generation_;
  world_->Tell("coordinator: starts");
  core_ = log_.Refold();
  if (world_->conditions.is_small()) log_.CheckAgainst(*core_);
  open_jobs_ = 0;
  for (const JobId job : core_->jobs()) open_jobs_ += !world_->checker.IsFinal(job);
  clock_ = VirtualClock(world_->random.Between(0, 1'000'000));
  timer_at_ = kNoTimer;
  stalls_.emplace(kStallMs, clock_.At(world_->heap.now()));
  world_->network.SetCoordinator(generation_);
  Enqueue(Recovery{});
}

void VirtualCoordinator::Crash(bool batch_survives) {
  ++crashes_;
  world_->Tell("coordinator: dies with {} records {}", batch_.size(),
               batch_survives ? "that reach the disk" : "that are lost");
  if (batch_survives && in_turn_) Append();
  world_->checker.OnBatchDropped();
  world_->network.SetCoordinator(0);
  world_->network.BreakAll();
  ++generation_;  // voids its events
  core_.reset();
  queue_.clear();
  in_turn_ = turn_scheduled_ = false;
  batch_.clear();
  commits_.clear();
  releases_.clear();
  replies_.clear();
  closing_.clear();
  links_.clear();
  to_flush_.clear();
  opening_.clear();
  workers_.clear();
  read_.clear();
  unread_.clear();
  plans_.clear();
  sources_.clear();
}

void VirtualCoordinator::JumpClock(std::int64_t ms) {
  clock_.Jump(ms);
  timer_at_ = kNoTimer;
  if (alive() && !in_turn_) SetTimer();
}

// --- The queue
// ---------------------------------------------------------------------------------------

// A session's next message is read once the turn that took the one before has spoken.
void VirtualCoordinator::OnMessage(SessionId session, UpMessage message) {
  const auto [unread, first] = unread_.try_emplace(session);
  if (first) {
    Enqueue(FromWorker{session, std::move(message)});
  } else {
    unread->second.push_back(std::move(message));
  }
}

void VirtualCoordinator::OnSessionEnd(SessionId session) { Enqueue(SessionEnded{session}); }
void VirtualCoordinator::OnSubmit(std::uint32_t client) { Enqueue(ClientSubmit{client}); }
void VirtualCoordinator::OnCancel(JobId job) {
  Enqueue(coordinator::CancelJob{job, "its client asked"});
}
void VirtualCoordinator::OnOutputCommitted(JobId job, bool ok) {
  if (!ok) world_->checker.OnCommitFailed(job);
  Enqueue(coordinator::OutputCommitted{job, ok, ok ? "" : "the output directory is full"});
}

void VirtualCoordinator::Enqueue(Item item) {
  queue_.push_back(std::move(item));
  if (!in_turn_) ScheduleTurn();
}

void VirtualCoordinator::ScheduleTurn() {
  if (std::exchange(turn_scheduled_, true)) return;
  world_->heap.Push(world_->heap.now() + world_->random.Below(100), Happening::kTurnBegins, 0,
                    generation_);
}

void VirtualCoordinator::SetTimer() {
  const Instant deadline = core_->next_deadline();
  if (deadline == kNever) return;
  const Microseconds at = std::max(clock_.TimeOf(deadline), world_->heap.now());
  if (at >= timer_at_) return;
  timer_at_ = at;
  world_->heap.Push(at, Happening::kCoordinatorTimer, 0, generation_);
}

void VirtualCoordinator::OnTimer() {
  if (world_->heap.now() >= timer_at_) timer_at_ = kNoTimer;
  if (in_turn_ || turn_scheduled_) return;
  if (core_->next_deadline() <= clock_.At(world_->heap.now())) {
    ScheduleTurn();
  } else {
    SetTimer();
  }
}

// --- A turn
// ------------------------------------------------------------------------------------------

void VirtualCoordinator::OnTurnBegins() {
  turn_scheduled_ = false;
  in_turn_ = true;
  now_ = clock_.At(world_->heap.now());
  const bool stalled = stalls_->OnTurnBegin(now_) > 0;
  std::vector<Item> items;
  items.swap(queue_);
  for (Item& item : items) {
    std::visit([this](auto& typed) { Handle(typed); }, item);
  }
  items.clear();
  if (queue_.empty()) queue_.swap(items);  // keeps its memory
  if (stalled) {
    OnStall();
    Step(coordinator::CoordinatorStalled{});
  }
  if (core_->next_deadline() <= now_) Step(coordinator::Tick{});
  if (batch_.empty() || world_->saboteur.speaks_early()) Speak();
  if (batch_.empty()) return EndTurn();
  const Microseconds sync = next_sync_ > 0 ? std::exchange(next_sync_, 0)
                                           : world_->random.Spread(world_->conditions.sync_time);
  world_->heap.Push(world_->heap.now() + sync, Happening::kTurnSynced, 0, generation_);
}

void VirtualCoordinator::OnTurnSynced() {
  Append();
  CheckState();
  Speak();
  EndTurn();
}

void VirtualCoordinator::Append() {
  for (coordinator::Record& record : batch_) world_->saboteur.Tamper(record);
  log_.Append(batch_);
  for (const coordinator::Record& record : batch_) {
    open_jobs_ += std::holds_alternative<coordinator::JobSubmittedRecord>(record);
    const auto* state = std::get_if<coordinator::JobStateRecord>(&record);
    open_jobs_ -= state != nullptr && state->state > coordinator::JobState::kCommitting;
  }
  batch_.clear();
}

void VirtualCoordinator::CheckState() {
  const bool small = world_->conditions.is_small();
  ++turns_;
  if (!small && turns_ % kTurnsPerLook != 0) return;
  world_->checker.CheckJobs(*core_);
  world_->checker.CheckWorkers(*core_);
  if (!small) return;
  const bool few_tasks = world_->conditions.tasks <= kTasksToCompareMax;
  if (few_tasks || turns_ % kTurnsPerComparison == 0) log_.CheckAgainst(*core_);
}

void VirtualCoordinator::EndTurn() {
  in_turn_ = false;
  for (const SessionId session : read_) {
    const auto unread = unread_.find(session);
    if (unread == unread_.end()) continue;
    if (unread->second.empty()) {
      unread_.erase(unread);
    } else {
      queue_.push_back(FromWorker{session, std::move(unread->second.front())});
      unread->second.pop_front();
    }
  }
  read_.clear();
  log_.CompactIfWorth(*core_);
  const Instant now = clock_.At(world_->heap.now());
  const Instant next = core_->next_deadline();
  stalls_->OnTurnEnd(
      now, next == kNever ? kWaitMaxMs : std::clamp<DurationMs>(next - now, 0, kWaitMaxMs));
  if (queue_.empty()) {
    SetTimer();
  } else {
    ScheduleTurn();
  }
}

// --- What is stepped
// -----------------------------------------------------------------------------------

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
                                .cut_at = progress.cut_at});
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
