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

struct Candidate {
  double left_ms;
  AttemptId attempt;
  bool cut;  // ask it; else make a copy
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

// Of two attempts of a task the one that has read more.
bool IsAhead(const Turn& turn, const Stage& stage, const RunningAttempt& running,
             const Copy& copy) {
  const AttemptId first = stage.tasks[running.task.task].attempt;
  const bool is_copy = copy.worker == running.worker;  // the two are on different workers
  const RunningAttempt& other = turn.state.running.at(is_copy ? first : copy.attempt);
  return is_copy ? running.done_ppm > other.done_ppm : running.done_ppm >= other.done_ppm;
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
    const bool cut = !asked && may_be_cut && running.done_ppm > 0 &&
                     (!has_copy || IsAhead(turn, stage, running, copy->second));
    if (has_copy && !cut) continue;
    const double left_ms = cut ? LeftOfPartMs(running, turn.now) : LeftMs(stage, running, turn.now);
    // A copy that would end at the same time is worth nothing.
    if (left_ms > 1.2 * UsualMs(stage) && (!cut || left_ms > kLeftMsMin)) {
      candidates->push_back({left_ms, attempt, cut});
    }
  }
}

// Attempts that may be asked now: their new tasks are to find idle slots.
std::size_t CountAsks(const ClusterState& state, std::size_t most) {
  std::size_t idle = 0;
  for (const WorkerPool::Offer& offer : state.workers.offers(/*spills=*/true)) {
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

std::optional<WorkerId> WorkerForCopy(const WorkerPool& workers, const Stage& stage,
                                      const Task& task, std::uint32_t index) {
  const auto avoided = stage.avoided_workers.find(index);
  for (const WorkerPool::Offer& offer : workers.offers(stage.spills())) {
    if (offer.worker == task.worker || workers.Find(offer.worker)->is_slow()) continue;
    if (avoided != stage.avoided_workers.end() &&
        std::ranges::find(avoided->second, offer.worker) != avoided->second.end()) {
      continue;
    }
    return offer.worker;
  }
  return std::nullopt;
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
    if (candidate.cut) {
      if (asks > 0) Ask(turn, candidate.attempt);
      asks -= std::min<std::size_t>(asks, 1);
      continue;
    }
    if (copies >= copies_max || state.workers.offers().empty()) continue;
    const TaskRef ref = state.running.at(candidate.attempt).task;
    const auto worker = WorkerForCopy(state.workers, state.stage(ref), state.task(ref), ref.task);
    if (!worker) continue;
    AssignAttempt(turn, ref, *worker);
    ++copies;
  }
}

}  // namespace gristmill::coordinator
