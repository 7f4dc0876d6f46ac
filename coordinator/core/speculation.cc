#include "coordinator/core/speculation.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "coordinator/core/scheduler.h"

namespace gristmill::coordinator {
namespace {

constexpr DurationMs kLookPeriodMs = 500;
// Shorter attempts are left alone: a copy would take as long to get going.
constexpr DurationMs kElapsedMsMin = 1'000;
// Finished tasks of a stage before its times mean anything, unless that is half of them.
constexpr std::uint32_t kFinishedMin = 3;

struct Candidate {
  double left_ms;
  AttemptId attempt;
};

// What is left of the attempt's work, in ms, at the pace so far; zero if it is not slow.
double LeftMs(const Stage& stage, const RunningAttempt& running, Instant now) {
  const auto elapsed_ms = static_cast<double>(now - running.since);
  const double usual_ms = static_cast<double>(stage.usual.run_us) / 1'000;
  if (elapsed_ms < kElapsedMsMin || elapsed_ms < 1.5 * usual_ms) return 0;
  // Without progress: once more as long as it has taken, which doubles as long as it lasts.
  if (running.records == 0 || stage.usual.records == 0) return elapsed_ms;
  const double done = std::min(
      1.0, static_cast<double>(running.records) / static_cast<double>(stage.usual.records));
  return elapsed_ms * (1 - done) / done;
}

bool KnowsItsTimes(const Stage& stage) {
  const auto tasks = static_cast<std::uint32_t>(stage.tasks.size());
  return stage.usual.run_us > 0 && stage.succeeded >= std::min(kFinishedMin, (tasks + 1) / 2);
}

void AddCandidates(const Turn& turn, const Job& job, std::vector<Candidate>* candidates) {
  for (const AttemptId attempt : job.running) {
    const RunningAttempt& running = turn.state.running.at(attempt);
    const Stage& stage = job.stages[running.task.stage];
    if (stage.copies.contains(running.task.task) || !KnowsItsTimes(stage)) continue;
    if (!job.IsRunnable(stage)) continue;  // some of what it reads was lost meanwhile
    const double left_ms = LeftMs(stage, running, turn.now);
    // A copy that would end at the same time is worth nothing.
    if (left_ms * 1'000 > 1.2 * static_cast<double>(stage.usual.run_us)) {
      candidates->push_back({left_ms, attempt});
    }
  }
}

std::optional<WorkerId> WorkerForCopy(const WorkerPool& workers, const Stage& stage,
                                      const Task& task, std::uint32_t index) {
  const auto avoided = stage.avoided_workers.find(index);
  for (const WorkerPool::Offer& offer : workers.offers()) {
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
  for (const Candidate& candidate : candidates) {
    if (copies >= copies_max || state.workers.offers().empty()) return;
    const TaskRef ref = state.running.at(candidate.attempt).task;
    const auto worker = WorkerForCopy(state.workers, state.stage(ref), state.task(ref), ref.task);
    if (!worker) continue;
    AssignAttempt(turn, ref, *worker);
    ++copies;
  }
}

}  // namespace gristmill::coordinator
