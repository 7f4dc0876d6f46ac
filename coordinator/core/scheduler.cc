#include "coordinator/core/scheduler.h"

#include <algorithm>
#include <optional>

#include "base/attempt_limits.h"
#include "base/check.h"
#include "coordinator/core/reservation.h"

namespace gristmill::coordinator {
namespace {

// Choosy tasks looked at per stage and slot. Those behind wait for a place further ahead: the ones
// ahead wait for busy workers, which end or lose their leases.
constexpr int kChoosyLooks = 16;

// Work that may wait at a slot: longer than a round trip through the coordinator and its journal,
// shorter than anybody would notice at the end of a job.
constexpr std::uint64_t kAheadUs = 20'000;
// Where a task takes longer than that, but not very long, one may wait at its slot: the round trip,
// of a millisecond or two, would leave the slot idle for a part of the time that counts.
constexpr std::uint64_t kOneAheadUs = 100'000;

std::uint64_t AheadOfASlot(std::uint64_t run_us) {
  return std::max<std::uint64_t>(kAheadUs / run_us, run_us <= kOneAheadUs ? 1 : 0);
}

struct Placement {
  std::uint32_t task;
  WorkerId worker;
};

// Of a job's tasks.
struct Wanted {
  const TaskNeeds& needs;
  bool spills;
};

// The worker with the most free slots, of those that have room, that is not to be avoided; if there
// is none, the one with the most free slots. None if the task failed before and a better worker is
// ready but busy.
std::optional<WorkerId> WorkerFor(const WorkerPool& workers, const Wanted& wanted,
                                  const std::vector<WorkerId>& avoided, bool failed_before) {
  const auto& offers = workers.offers(wanted.needs, wanted.spills);
  const auto is_avoided = [&](WorkerId id) {
    return std::find(avoided.begin(), avoided.end(), id) != avoided.end();
  };
  for (const WorkerPool::Offer& offer : offers) {  // at most avoided.size() + 1 rounds
    if (!is_avoided(offer.worker)) return offer.worker;
  }
  // An output that could not be read from its worker is made again at once, if need be there.
  if (!failed_before) return offers.begin()->worker;
  if (HasReadyBut(workers, wanted.needs, avoided)) return std::nullopt;
  return offers.begin()->worker;
}

std::optional<Placement> PlaceIn(const WorkerPool& workers, const TaskNeeds& needs,
                                 const Stage& stage) {
  const auto& offers = workers.offers(needs, stage.spills());
  if (offers.empty()) return std::nullopt;
  const std::optional<std::uint32_t> easy = stage.queue.first_for_anyone();
  int looks = 0;
  for (const std::uint32_t task : stage.queue.choosy()) {
    if ((easy && *easy < task) || ++looks > kChoosyLooks) break;
    if (const auto worker =
            WorkerFor(workers, {needs, stage.spills()}, stage.avoided_workers.at(task),
                      stage.tasks[task].failures > 0)) {
      return Placement{task, *worker};
    }
  }
  if (!easy) return std::nullopt;
  return Placement{*easy, offers.begin()->worker};
}

bool AssignOneOf(Turn& turn, const Job& job) {
  for (std::uint32_t index = 0; index < job.stages.size(); ++index) {
    const Stage& stage = job.stages[index];
    if (stage.queue.empty() || !job.IsRunnable(stage)) continue;
    const std::optional<Placement> placement = PlaceIn(turn.state.workers, job.needs, stage);
    if (!placement) continue;
    AssignAttempt(turn, {job.id, index, placement->task}, placement->worker);
    return true;
  }
  return false;
}

}  // namespace

bool HasReadyBut(const WorkerPool& workers, const TaskNeeds& needs,
                 const std::vector<WorkerId>& avoided) {
  const auto ready_avoided =
      static_cast<std::size_t>(std::count_if(avoided.begin(), avoided.end(), [&](WorkerId id) {
        const Worker* worker = workers.Find(id);
        return worker != nullptr && worker->is_ready() && worker->resources.Suffice(needs);
      }));
  return workers.ready_count(needs) > ready_avoided;
}

void AssignAttempt(Turn& turn, const TaskRef& task, WorkerId worker) {
  const AttemptId attempt = turn.state.next_attempt;
  const bool alone = turn.state.task(task).alone;
  turn.Decide(AttemptAssignedRecord{attempt, task, worker, alone});
  turn.state.running.at(attempt).since = turn.now;
  turn.Do(StartAttempt{worker, attempt, task, alone});
}

void AssignFreeSlots(Turn& turn) {
  WorkerPool& workers = turn.state.workers;
  const JobTable& jobs = turn.state.jobs;
  ServeReservations(turn);
  // Jobs up to here wait for busy workers, or for disk space. Slots only fill up, so they keep
  // waiting in this turn; a job that takes a slot moves back in the order, never before this one.
  JobTable::Turn passed_over;
  while (!workers.offers().empty()) {
    const auto next = jobs.turns().upper_bound(passed_over);
    if (next == jobs.turns().end()) return;
    const JobTable::Turn turn_of_job = *next;
    const Job& job = *jobs.Find(turn_of_job.job);
    if (!AssignOneOf(turn, job)) {
      passed_over = turn_of_job;
      ReserveFor(turn, job);
    } else if (workers.reservations().contains(job.id)) {
      // It had its turn; what was kept for it is free for those that were passed over.
      workers.Unreserve(job.id);
      passed_over = {};
    }
  }
}

void AssignAhead(Turn& turn) {
  const WorkerPool& workers = turn.state.workers;
  const auto& turns = turn.state.jobs.turns();
  if (!turn.finisher || turns.size() != 1) return;
  const Worker* worker = workers.Find(turn.finisher);
  if (worker == nullptr || !worker->is_ready() || worker->free_slots() > 0) return;
  const Job& job = *turn.state.jobs.Find(turns.begin()->job);
  if (!job.needs.takes_one_slot()) return;
  for (std::uint32_t index = 0; index < job.stages.size(); ++index) {
    const Stage& stage = job.stages[index];
    if (stage.queue.empty() || stage.usual.cautious_run_us == 0 || !job.IsRunnable(stage)) continue;
    if (stage.spills() && worker->short_of_disk) continue;
    // Few at first: some short tasks say little of those to come, and what was sent stays there.
    const std::uint64_t ahead =
        std::min({worker->resources.slots * AheadOfASlot(stage.usual.cautious_run_us),
                  std::uint64_t{AttemptsAheadMax(worker->resources.slots)},
                  std::uint64_t{2} * stage.succeeded});
    // Half of them at once: those that go out one by one come back one by one, each with a turn of
    // the shell and a sync of the journal.
    if (worker->running.size() > worker->resources.slots + ahead / 2) continue;
    while (stage.waiting() > workers.ready_slots() && worker->room_ahead(job.id) > 0 &&
           worker->running.size() < worker->resources.slots + ahead) {
      const std::optional<std::uint32_t> task = stage.queue.first_for_anyone();
      if (!task || stage.tasks[*task].alone) break;
      AssignAttempt(turn, {job.id, index, *task}, worker->id);
    }
  }
}

}  // namespace gristmill::coordinator
