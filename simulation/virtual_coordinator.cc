#include "simulation/virtual_coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "coordinator/core/worker_pool.h"
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

Microseconds VirtualCoordinator::ReadsUntil() {
  const Microseconds takes = std::llround(world_->conditions.load->costs.rpc_us);
  so_far_.read += takes;
  return reads_until_ = std::max(reads_until_, world_->heap.now()) + takes;
}

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
void VirtualCoordinator::OnSubmit(std::uint32_t client) {
  if (!work_began_) {
    work_began_ = world_->heap.now();
    so_far_ = {};
  }
  Enqueue(ClientSubmit{client});
}
void VirtualCoordinator::OnCancel(JobId job) {
  Enqueue(coordinator::CancelJob{job, "its client asked"});
}
void VirtualCoordinator::OnSuspend(JobId job) {
  Enqueue(coordinator::SuspendJob{job, "its client asked"});
}
void VirtualCoordinator::OnResume(JobId job) { Enqueue(coordinator::ResumeJob{job}); }
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
  const Microseconds wakes = world_->conditions.load ? 0 : world_->random.Below(100);
  world_->heap.Push(world_->heap.now() + wakes, Happening::kTurnBegins, 0, generation_);
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
  const Microseconds takes = TurnTime();
  so_far_.decided += takes;
  const bool is_over = batch_.empty() && takes == 0;
  if (is_over || world_->saboteur.speaks_early()) Speak();
  if (is_over) return EndTurn();
  world_->heap.Push(world_->heap.now() + takes, Happening::kTurnSynced, 0, generation_);
}

Microseconds VirtualCoordinator::TurnTime() {
  const auto events = std::exchange(events_, 0), messages = std::exchange(messages_, 0);
  if (const std::optional<Load>& load = world_->conditions.load) {
    const Costs& costs = load->costs;
    return std::llround(costs.event_us * events + costs.message_us * messages +
                        (batch_.empty() ? 0 : costs.sync_us));
  }
  if (batch_.empty()) return 0;
  return next_sync_ > 0 ? std::exchange(next_sync_, 0)
                        : world_->random.Spread(world_->conditions.sync_time);
}

void VirtualCoordinator::OnTurnSynced() {
  Append();
  CheckState();
  Speak();
  EndTurn();
}

void VirtualCoordinator::Append() {
  if (batch_.empty()) return;
  for (coordinator::Record& record : batch_) world_->saboteur.Tamper(record);
  log_.Append(batch_);
  for (const coordinator::Record& record : batch_) {
    open_jobs_ += std::holds_alternative<coordinator::JobSubmittedRecord>(record);
    const auto* state = std::get_if<coordinator::JobStateRecord>(&record);
    open_jobs_ -= state != nullptr && state->state > coordinator::JobState::kCommitting;
  }
  if (work_began_ && work_.time == 0 && open_jobs_ == 0) {
    work_ = so_far_;
    work_.time = world_->heap.now() - *work_began_;
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

}  // namespace gristmill::simulation
