#include "simulation/fault_injector.h"

#include <algorithm>

namespace gristmill::simulation {
namespace {

// The others lie in wait at each message, attempt and reply.
constexpr Fault kScheduled[] = {Fault::kBreak,  Fault::kPartition, Fault::kSlow,   Fault::kPause,
                                Fault::kDeath,  Fault::kDrain,     Fault::kRunner, Fault::kDisk,
                                Fault::kOutput, Fault::kUnserved,  Fault::kCrash,  Fault::kJournal,
                                Fault::kStall,  Fault::kClock};

bool HitsTheCoordinator(Fault fault) {
  return fault == Fault::kCrash || fault == Fault::kJournal || fault == Fault::kStall;
}

}  // namespace

void FaultInjector::Start() {
  for (const Fault fault : kScheduled) {
    if (world_->conditions.may(fault)) Next(fault);
  }
}

// In a large cluster each kind hits one worker in twenty, all in all.
void FaultInjector::Next(Fault fault) {
  const Conditions& conditions = world_->conditions;
  Microseconds period = conditions.fault_period;
  if (!HitsTheCoordinator(fault)) {
    const Microseconds workers = std::max<Microseconds>(conditions.workers / 20, 1);
    period = std::min(period, conditions.faults_until * 4 / 5 / workers);
  }
  world_->heap.Push(world_->heap.now() + world_->random.Between(1, 2 * period), Happening::kFault,
                    0, 0, static_cast<std::uint64_t>(fault));
}

void FaultInjector::OnFault(Fault fault) {
  if (world_->conditions.calm) return;
  ++injected_;
  world_->Tell("fault: {}", NameOf(fault));
  HitsTheCoordinator(fault) ? InjectIntoCoordinator(fault) : Inject(fault);
  Next(fault);
}

void FaultInjector::InjectIntoCoordinator(Fault fault) {
  Xoshiro& random = world_->random;
  const Microseconds now = world_->heap.now();
  if (!coordinator_->alive()) return;
  if (fault == Fault::kStall) {
    const Microseconds takes = random.Between(100, 15'000) * kMillisecond;
    random.OneIn(2) ? coordinator_->SlowSync(takes) : coordinator_->Pause(now + takes);
    return;
  }
  coordinator_->Crash(fault == Fault::kCrash && random.OneIn(2));
  world_->heap.Push(now + random.Between(10, 20'000) * kMillisecond, Happening::kCoordinatorStarts);
}

void FaultInjector::HealLater(std::uint32_t worker) {
  world_->heap.Push(world_->heap.now() + world_->random.Between(1, 30) * kSecond, Happening::kHeal,
                    worker);
}

void FaultInjector::Inject(Fault fault) {
  Xoshiro& random = world_->random;
  const Microseconds now = world_->heap.now();
  const std::uint32_t index = random.Below(static_cast<std::uint32_t>(workers_->size()));
  VirtualWorker& worker = (*workers_)[index];
  switch (fault) {
    case Fault::kBreak:
      return world_->network.BreakAllOf(index, random.OneIn(4));
    case Fault::kPartition: {
      const std::uint32_t ways = 1 + random.Below(3);
      return world_->network.Cut(index, ways & 1, ways & 2,
                                 now + random.Between(100, 90'000) * kMillisecond);
    }
    case Fault::kSlow:
      worker.SetSlowness(2 + random.Below(9));
      return HealLater(index);
    case Fault::kPause:
      return worker.Pause(now + random.Between(100, 30'000) * kMillisecond);
    case Fault::kDeath:
      worker.Die(random.OneIn(2));
      if (random.OneIn(2)) return;  // not before calm
      world_->heap.Push(now + random.Between(1, 30) * kSecond, Happening::kWorkerStarts, index);
      return;
    case Fault::kDrain:
      return worker.Drain();
    case Fault::kRunner:
      switch (random.Below(3)) {
        case 0:
          return worker.CrashRunner();
        case 1:
          return worker.HangRunner();
        default:
          return worker.DetachRunner();
      }
    case Fault::kDisk:
      worker.FillDisk(true);
      return HealLater(index);
    case Fault::kOutput: {
      const AttemptId file = world_->data.AnyFile(index, random.Next());
      if (file) world_->data.Delete(file);
      return;
    }
    case Fault::kUnserved:
      world_->data.SetServed(index, false);
      return HealLater(index);
    case Fault::kClock: {
      const std::int64_t ms = random.Between(1, 60'000);
      random.OneIn(4) ? coordinator_->JumpClock(ms) : worker.JumpClock(ms);
      return;
    }
    default:
      return;
  }
}

void FaultInjector::OnHeal(std::uint32_t worker) {
  (*workers_)[worker].SetSlowness(1);
  (*workers_)[worker].FillDisk(false);
  world_->data.SetServed(worker, true);
}

void FaultInjector::Calm() {
  world_->Tell("calm begins");
  world_->conditions.calm = true;
  world_->conditions.calm_since = world_->heap.now();
  world_->network.HealAll();
  const Microseconds now = world_->heap.now();
  for (std::uint32_t index = 0; index < workers_->size(); ++index) {
    VirtualWorker& worker = (*workers_)[index];
    worker.HealAll();
    world_->data.SetServed(index, true);
    if (!worker.alive()) {
      world_->heap.Push(now + world_->random.Between(1, 5) * kSecond, Happening::kWorkerStarts,
                        index);
    }
  }
}

}  // namespace gristmill::simulation
