#include "simulation/virtual_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "simulation/history_text.h"

namespace gristmill::simulation {
namespace {

constexpr Microseconds kNoTimer = INT64_MAX;
constexpr Microseconds kBackoffFirst = 100 * kMillisecond;
constexpr Microseconds kBackoffMost = 5 * kSecond;
// So long after the last fault nothing of it is left.
constexpr Microseconds kTrustedAfter = 60 * kSecond;

}  // namespace

VirtualWorker::VirtualWorker(World* world, std::uint32_t index)
    : world_(world), index_(index), timer_at_(kNoTimer) {
  const Conditions& conditions = world->conditions;
  if (conditions.load) {
    resources_.slots = conditions.load->slots;
  } else {
    resources_.slots = conditions.is_small()
                           ? 1 + world->random.Below(2 * Conditions::kSlotsMean - 1)
                           : Conditions::kSlotsMean;
  }
  if (conditions.has_needs) resources_ = conditions.ResourcesOf(index, resources_.slots);
}

void VirtualWorker::Start() {
  ++incarnation_;
  instance_ = fmt::format("host{}.{}", index_, incarnation_);
  core_ = std::make_unique<worker::WorkerCore>(worker::WorkerLimits{
      .slots = resources_.slots, .gpus = resources_.gpus, .keeps_spare_runner = true});
  clock_ = VirtualClock(world_->random.Between(0, 1'000'000));
  timer_at_ = kNoTimer;
  knows_disk_full_ = false;
  backoff_ = kBackoffFirst;
  id_ = WorkerId();
  world_->data.DeleteAll(index_);
  world_->checker.OnProcessStarted(instance_, index_, resources_);
  Dial();
}

void VirtualWorker::Die(bool silently) {
  if (!alive()) return;
  world_->Tell("{}: dies", instance_);
  world_->network.BreakAllOf(index_, silently);
  Vanish();
}

void VirtualWorker::Vanish() {
  core_.reset();
  ++incarnation_;  // voids its events
  runners_.clear();
  unacknowledged_.clear();
  world_->data.DeleteAll(index_);
}

void VirtualWorker::Drain() { Do(worker::DrainRequested{}); }

void VirtualWorker::JumpClock(std::int64_t ms) {
  clock_.Jump(ms);
  timer_at_ = kNoTimer;
  if (alive()) SetTimer();
}

// A pause runs out: what it put off comes in order.
void VirtualWorker::HealAll() {
  slowness_ = 1;
  disk_full_ = false;
  for (VirtualRunner& runner : runners_) runner.hangs = false;
}

void VirtualWorker::PushMine(Microseconds after, Happening what, std::uint64_t detail) {
  world_->heap.Push(world_->heap.now() + after, what, index_, incarnation_, detail);
}

// A later deadline leaves the event where it is: it comes early and is set anew.
void VirtualWorker::SetTimer() {
  const Instant deadline = core_->next_deadline();
  if (deadline == kNever) return;
  const Microseconds at = std::max(clock_.TimeOf(deadline), world_->heap.now());
  if (at >= timer_at_) return;
  timer_at_ = at;
  world_->heap.Push(at, Happening::kWorkerTimer, index_, incarnation_);
}

void VirtualWorker::OnTimer() {
  if (world_->heap.now() >= timer_at_) timer_at_ = kNoTimer;
  if (core_->next_deadline() > clock_.At(world_->heap.now())) return SetTimer();
  ReportProgress();
  if (std::exchange(knows_disk_full_, disk_full_) != disk_full_) {
    Do(worker::DiskSpaceChanged{disk_full_});
  }
  Do(worker::Tick{});
}

void VirtualWorker::Do(const worker::Input& input) {
  if (!alive()) return;
  const std::uint32_t incarnation = incarnation_;
  const std::vector<worker::Output> outputs = core_->Step(input, clock_.At(world_->heap.now()));
  if (world_->tell) world_->Tell("{}: {}", instance_, Describe(input, outputs));
  for (const worker::Output& output : outputs) {
    std::visit([this](const auto& typed) { Perform(typed); }, output);
    if (incarnation_ != incarnation) return;  // it exited
  }
  SetTimer();
}

// --- The session
// -----------------------------------------------------------------------------------

void VirtualWorker::Dial() {
  session_ = world_->network.Dial(index_, incarnation_);
  heard_ = false;
  Do(worker::SessionOpened{});
}

void VirtualWorker::OnDial() { Dial(); }

void VirtualWorker::OnBroken(SessionId session) {
  if (session != session_) return;
  session_ = 0;
  if (heard_) backoff_ = kBackoffFirst;
  Do(worker::SessionBroken{});
  if (!alive()) return;
  PushMine(world_->random.Between(backoff_ / 2, backoff_), Happening::kWorkerDials);
  backoff_ = std::min(2 * backoff_, kBackoffMost);
}

void VirtualWorker::OnMessage(DownMessage message) {
  heard_ = true;
  for (const worker::Input& input : message) {
    if (const auto* registered = std::get_if<worker::SessionRegistered>(&input)) {
      id_ = registered->worker;
    } else if (const auto* assigned = std::get_if<worker::AttemptAssigned>(&input)) {
      const auto& payload = static_cast<const AssignmentPayload&>(*assigned->assignment);
      world_->checker.OnStartSpoken(assigned->attempt, payload.task, id_);
    } else if (const auto* acknowledged = std::get_if<worker::ReportsAcknowledged>(&input)) {
      for (const AttemptId attempt : acknowledged->attempts) {
        world_->checker.OnAcknowledgementSpoken(attempt, id_);
        std::erase(unacknowledged_, attempt);
      }
    } else if (const auto* ended = std::get_if<worker::JobEnded>(&input)) {
      world_->checker.OnJobEndSpoken(ended->job);
      std::erase_if(unacknowledged_, [&](AttemptId attempt) {
        return world_->data.Trace(attempt).task.job == ended->job;
      });
    }
    Do(input);
    if (!alive()) return;
  }
}

void VirtualWorker::Perform(const worker::SendRegister& output) {
  world_->network.SendUp(
      session_, std::make_shared<const coordinator::WorkerRegistered>(coordinator::WorkerRegistered{
                    .instance = instance_,
                    .name = fmt::format("host{}", index_),
                    .resources = resources_,
                    .shuffle_address = fmt::format("host{}:1", index_),
                    .spill_directory = {},
                    .running = output.running,
                    .jobs = output.jobs}));
}
void VirtualWorker::Perform(const worker::SendHeartbeat& output) {
  if (session_ != 0)
    world_->network.SendUp(session_, Heartbeat{output.progress, output.short_of_disk});
}
void VirtualWorker::Perform(const worker::SendReports& output) {
  for (const worker::Report& report : output.reports) Note(report);
  if (world_->conditions.load) owed_us_ += world_->conditions.load->costs.report_us;
  if (session_ != 0) world_->network.SendUp(session_, output);
}
void VirtualWorker::Perform(const worker::SendDrain& output) {
  if (session_ != 0) world_->network.SendUp(session_, output);
}
void VirtualWorker::Perform(const worker::SendGoodbye& output) {
  if (session_ != 0) world_->network.SendUp(session_, output);
}
void VirtualWorker::Perform(const worker::ResetSession& output) {
  const bool quiet = world_->conditions.calm || world_->conditions.faults == FaultSet::None();
  if (quiet && world_->heap.now() > world_->conditions.calm_since + kTrustedAfter) {
    world_->checker.Fail(fmt::format("host {} gave up its session though nothing went wrong: {}",
                                     index_, output.reason));
  }
  if (session_ != 0) world_->network.ResetUp(session_);
}
// What it sent still arrives; then the session ends. Its operator starts another one.
void VirtualWorker::Perform(const worker::Exit&) {
  if (session_ != 0) {
    const Session& session = world_->network.at(session_);
    world_->heap.Push(session.up_until + 1, Happening::kSessionBreaks, session_);
  }
  Vanish();
  world_->heap.Push(world_->heap.now() + world_->random.Between(1, 20) * kSecond,
                    Happening::kWorkerStarts, index_);
}

void VirtualWorker::Note(const worker::Report& report) {
  const auto at = std::find(unacknowledged_.begin(), unacknowledged_.end(), report.attempt);
  if (at == unacknowledged_.end()) unacknowledged_.push_back(report.attempt);
}

// --- The disk
// --------------------------------------------------------------------------------------

void VirtualWorker::Perform(const worker::DeleteAttemptFiles& output) {
  for (const AttemptId attempt : output.attempts) world_->data.Delete(attempt);
}
void VirtualWorker::Perform(const worker::DeleteJobFiles& output) {
  world_->data.DeleteJob(index_, output.job);
}
void VirtualWorker::Perform(const worker::DeleteAllFiles&) {
  unacknowledged_.clear();
  world_->data.DeleteAll(index_);
}

}  // namespace gristmill::simulation
