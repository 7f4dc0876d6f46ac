#include "coordinator/core/speculation.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "coordinator/core/cut.h"
#include "coordinator/core/scheduler.h"

namespace gristmill::coordinator {
namespace {

constexpr DurationMs kLookPeriodMs = 500;
// Shorter attempts are left alone: a copy would take as long to get going.
constexpr DurationMs kElapsedMsMin = 1'000;
// Finished tasks of a stage before its times mean anything, unless that is half of them.
constexpr std::uint32_t kFinishedMin = 3;

// Less left is not worth a cut.
constexpr double kLeftMsMin = 1'000;
// An attempt that was asked to be cut answers sooner, unless its code is at one record all the
// time.
constexpr DurationMs kAnswerMs = 3'000;
// Perhaps it did not hear of it, or much was left of one record.
constexpr DurationMs kAskAgainMs = 30'000;

// An attempt whose records take so many times as long as usual is on a slow worker, or its records
// are dear ones: a copy shows which.
constexpr double kSlowPace = 3;
// A copy that reads so many times as fast as the first attempt will end first, most likely.
constexpr double kFastCopy = 2;

struct Candidate {
  double left_ms;
  AttemptId attempt;
  bool may_be_asked;  // to give up some of its input
  bool wants_copy;    // rather than to be asked
};

double UsualMs(const Stage& stage) { return static_cast<double>(stage.usual.run_us) / 1'000; }

bool IsLate(const Stage& stage, const RunningAttempt& running, Instant now) {
  const DurationMs elapsed_ms = now - running.since;
  return elapsed_ms >= kElapsedMsMin && static_cast<double>(elapsed_ms) >= 1.5 * UsualMs(stage);
}

// What is left of a late attempt's work, in ms, at the pace so far, as far as a copy would have to
// do it, too.
double LeftMs(const Stage& stage, const RunningAttempt& running, Instant now) {
  const auto elapsed_ms = static_cast<double>(now - running.since);
  // Without progress: once more as long as it has taken, which doubles as long as it lasts.
  if (running.records == 0 || stage.usual.records == 0) return elapsed_ms;
  const double done = std::min(
      1.0, static_cast<double>(running.records) / static_cast<double>(stage.usual.records));
  return elapsed_ms * (1 - done) / done;
}

// Likewise, judged by how much of its part it has read, however large that is. It has progress.
double LeftOfPartMs(const RunningAttempt& running, Instant now) {
  const double done = static_cast<double>(running.done_ppm) / 1e6;
  return static_cast<double>(now - running.since) * (1 - done) / done;
}

bool KnowsItsTimes(const Stage& stage) {
  const auto tasks = static_cast<std::uint32_t>(stage.tasks.size());
  return stage.usual.run_us > 0 && stage.succeeded >= std::min(kFinishedMin, (tasks + 1) / 2);
}

bool HasSlowPace(const Stage& stage, const RunningAttempt& running, Instant now) {
  const double usual_ms = UsualMs(stage) / static_cast<double>(stage.usual.records);
  const auto ms = static_cast<double>(now - running.since);
  return stage.usual.records > 0 &&
         ms > kSlowPace * usual_ms * static_cast<double>(running.records);
}

// The other attempt of a task that has a copy, which is on another worker.
const RunningAttempt& OtherAttempt(const Turn& turn, const Stage& stage,
                                   const RunningAttempt& running, const Copy& copy) {
  const bool is_copy = copy.worker == running.worker;
  return turn.state.running.at(is_copy ? stage.tasks[running.task.task].attempt : copy.attempt);
}

// Of two attempts of a task the one that has read more gives up some, unless the other one catches
// up with it; in doubt, which ends when the younger one shows progress, none.
bool IsTheOneToAsk(const RunningAttempt& running, const RunningAttempt& other, Instant now) {
  const auto ms = static_cast<double>(now - running.since);
  const auto other_ms = static_cast<double>(now - other.since);
  if (other.done_ppm == 0 && other_ms < static_cast<double>(kAnswerMs)) return false;
  if (other.done_ppm * ms > kFastCopy * running.done_ppm * other_ms) return false;
  return running.done_ppm != other.done_ppm ? running.done_ppm > other.done_ppm
                                            : running.since < other.since;
}

// The new task would find a place. Slots of any kind are counted by CountAsks.
bool HasRoomForMore(const Turn& turn, const Job& job) {
  return job.needs.is_plain() || !turn.state.workers.offers(job.needs, /*spills=*/true).empty();
}

void AddCandidates(const Turn& turn, const Job& job, std::vector<Candidate>* candidates) {
  for (const AttemptId attempt : job.running) {
    const RunningAttempt& running = turn.state.running.at(attempt);
    const Stage& stage = job.stages[running.task.stage];
    if (!KnowsItsTimes(stage) || !IsLate(stage, running, turn.now)) continue;
    if (!job.IsRunnable(stage)) continue;  // some of what it reads was lost meanwhile
    const bool asked = running.asked_at != kNever && turn.now - running.asked_at < kAskAgainMs;
    if (asked && turn.now - running.asked_at < kAnswerMs) continue;
    const auto copy = stage.copies.find(running.task.task);
    const bool has_copy = copy != stage.copies.end();
    const bool may_be_cut = MayBeCut(turn, running);
    // It may show progress yet: with a copy on the last idle slot it could not be helped any more.
    if (may_be_cut && running.done_ppm == 0 && turn.now - running.since < kAnswerMs) continue;
    const bool may_be_asked =
        !asked && may_be_cut && running.done_ppm > 0 && HasRoomForMore(turn, job) &&
        (!has_copy ||
         IsTheOneToAsk(running, OtherAttempt(turn, stage, running, copy->second), turn.now));
    if (has_copy && !may_be_asked) continue;
    const double left_ms =
        may_be_asked ? LeftOfPartMs(running, turn.now) : LeftMs(stage, running, turn.now);
    const double copy_ms = 1.2 * UsualMs(stage);
    // A copy that would end at the same time is worth nothing.
    if (left_ms <= copy_ms || (may_be_asked && left_ms <= kLeftMsMin)) continue;
    const bool wants_copy =
        !has_copy &&
        (!may_be_asked || (copy_ms < left_ms / 2 && HasSlowPace(stage, running, turn.now)));
    candidates->push_back({left_ms, attempt, may_be_asked, wants_copy});
  }
}

// Attempts that may be asked now: their new tasks are to find idle slots.
std::size_t CountAsks(const ClusterState& state, std::size_t most) {
  std::size_t idle = 0;
  for (const WorkerPool::Offer& offer : state.workers.offers(TaskNeeds(), /*spills=*/true)) {
    if (idle >= most) break;
    idle += offer.free_slots;
  }
  return std::min(idle, most);
}

void Ask(Turn& turn, AttemptId attempt) {
  RunningAttempt& running = turn.state.running.at(attempt);
  running.asked_at = turn.now;
  turn.Do(AskCut{running.worker, attempt});
}

std::optional<WorkerId> WorkerForCopy(const WorkerPool& workers, const TaskNeeds& needs,
                                      const Stage& stage, const Task& task, std::uint32_t index) {
  const auto avoided = stage.avoided_workers.find(index);
  for (const WorkerPool::Offer& offer : workers.offers(needs, stage.spills())) {
    if (offer.worker == task.worker || workers.Find(offer.worker)->is_slow()) continue;
    if (avoided != stage.avoided_workers.end() &&
        std::ranges::find(avoided->second, offer.worker) != avoided->second.end()) {
      continue;
    }
    return offer.worker;
  }
  return std::nullopt;
}

// False if there is no worker for it.
bool MakeCopy(Turn& turn, AttemptId attempt) {
  ClusterState& state = turn.state;
  if (state.workers.offers().empty()) return false;
  const TaskRef ref = state.running.at(attempt).task;
  const auto worker = WorkerForCopy(state.workers, state.jobs.Find(ref.job)->needs,
                                    state.stage(ref), state.task(ref), ref.task);
  if (worker) AssignAttempt(turn, ref, *worker);
  return worker.has_value();
}

}  // namespace

void ScheduleLook(Turn& turn) {
  ClusterState& state = turn.state;
  if (!state.limits.speculation || state.running.empty() || state.workers.offers().empty()) {
    state.next_look = kNever;
  } else if (state.next_look == kNever) {
    state.next_look = turn.now + kLookPeriodMs;
  }
}

void SpeculateIfDue(Turn& turn) {
  ClusterState& state = turn.state;
  if (turn.now < state.next_look) return;
  state.next_look = kNever;
  std::vector<Candidate> candidates;
  std::uint64_t copies = 0;
  for (const JobId id : state.jobs.running()) {
    const Job& job = *state.jobs.Find(id);
    for (const Stage& stage : job.stages) copies += stage.copies.size();
    if (!job.HasRunnableTask()) AddCandidates(turn, job, &candidates);
  }
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.left_ms != b.left_ms ? a.left_ms > b.left_ms : a.attempt < b.attempt;
  });
  const std::uint64_t copies_max = std::max<std::uint64_t>(1, state.workers.ready_slots() / 10);
  std::size_t asks = CountAsks(state, candidates.size());
  for (const Candidate& candidate : candidates) {
    if (candidate.wants_copy && copies < copies_max && MakeCopy(turn, candidate.attempt)) {
      ++copies;
    } else if (candidate.may_be_asked && asks > 0) {
      Ask(turn, candidate.attempt);
    } else {
      continue;
    }
    asks -= std::min<std::size_t>(asks, 1);  // a slot is spoken for
  }
}

}  // namespace gristmill::coordinator
