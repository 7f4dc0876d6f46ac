// What the coordinator says about jobs and attempts.
#include <algorithm>
#include <utility>

#include "base/attempt_limits.h"
#include "worker/core/worker_core.h"

namespace gristmill::worker {
namespace {

// As many again as may be assigned only while cancelled attempts are still ending; more is a fault
// of the coordinator, and refusing the rest bounds what a worker keeps.
std::size_t AttemptsMax(std::uint32_t slots) { return 2 * (slots + AttemptsAheadMax(slots)); }

}  // namespace

WorkerCore::Job* WorkerCore::LiveJob(JobId job) {
  const auto found = jobs_.find(job);
  return found == jobs_.end() || found->second.ended ? nullptr : &found->second;
}

// Sent again at every session; a runner that has it already is not told again.
void WorkerCore::On(const JobStarted& started) {
  Job& job = jobs_[started.job];
  if (job.start) return;
  job.start = started.start;
  job.task_timeout_ms = started.task_timeout_ms;
  job.gpus = started.gpus;
  job.brings_files = started.brings_files;
}

void WorkerCore::On(const SourcesChanged& changed) {
  Job* job = LiveJob(changed.job);
  if (job == nullptr) return;
  job->sources[changed.stage] = changed.sources;
  ForwardToRunnerOf(*job, changed.sources);
}

void WorkerCore::On(const BroadcastMade& made) {
  Job* job = LiveJob(made.job);
  if (job == nullptr) return;
  job->broadcasts[made.stage] = made.broadcast;
  ForwardToRunnerOf(*job, made.broadcast);
}

void WorkerCore::ForwardToRunnerOf(const Job& job, const PayloadPtr& payload) {
  const auto runner = runners_.find(job.runner);
  if (runner != runners_.end() && runner->second.connected) {
    Emit(ForwardToRunner{runner->first, payload});
  }
}

void WorkerCore::On(const AttemptAssigned& assigned) {
  if (attempts_.contains(assigned.attempt) || reports_.contains(assigned.attempt)) return;
  Job* job = LiveJob(assigned.job);
  if (draining_) return HandBack(assigned.job, assigned.attempt, "the worker is draining");
  if (job == nullptr) {
    return HandBack(assigned.job, assigned.attempt, "the worker was not told about the job");
  }
  if (job->gpus > limits_.gpus) {
    return HandBack(assigned.job, assigned.attempt, "the worker does not have so many GPUs");
  }
  if (attempts_.size() >= AttemptsMax(limits_.slots)) {
    return HandBack(assigned.job, assigned.attempt, "the worker has no free slot");
  }
  const RunnerId runner =
      assigned.alone ? StartRunnerOf(assigned.job, *job, true) : RunnerFor(assigned.job, *job);
  attempts_[assigned.attempt] = {assigned.job, runner, assigned.assignment, 0};
  Runner& taker = runners_.at(runner);
  taker.attempts.insert(assigned.attempt);
  taker.idle_until = kNever;
  TakeGpus(*job, assigned.attempt, attempts_[assigned.attempt]);
  ForwardAssignment(attempts_[assigned.attempt]);
}

void WorkerCore::ForwardAssignment(const Attempt& attempt) {
  if (attempt.waits_for_gpus || !runners_.at(attempt.runner).connected) return;
  Emit(ForwardToRunner{attempt.runner, attempt.assignment, attempt.gpus});
}

void WorkerCore::On(const AttemptsCancelled& cancelled) {
  std::map<RunnerId, std::vector<AttemptId>> told;
  for (const AttemptId id : cancelled.attempts) {
    const auto found = attempts_.find(id);
    if (found == attempts_.end()) continue;
    const RunnerId found_runner = found->second.runner;
    Runner& runner = runners_.at(found_runner);
    if (!runner.connected || found->second.waits_for_gpus) {
      HandBack(runner.job, id, "the attempt was cancelled before it started");
      DropAttempt(id);
      EndIfDone(found_runner, runner);
    } else if (runner.cancelled.insert(id).second) {
      told[found_runner].push_back(id);
    }
  }
  for (auto& [id, attempts] : told) {
    KillBy(runners_.at(id), now_ + limits_.stop_deadline_ms, Death::kNotStopping);
    Emit(CancelOnRunner{id, std::move(attempts)});
  }
}

void WorkerCore::On(const AttemptsOverdue& overdue) {
  std::map<RunnerId, std::vector<AttemptId>> told;
  for (const auto& [id, limit_ms] : overdue.attempts) {
    const auto found = attempts_.find(id);
    if (found == attempts_.end()) continue;
    Runner& runner = runners_.at(found->second.runner);
    if (!runner.connected || runner.killed || runner.cancelled.contains(id)) continue;
    if (!runner.overdue.emplace(id, limit_ms).second) continue;  // said before
    runner.time_up.erase(id);
    told[found->second.runner].push_back(id);
  }
  for (auto& [id, attempts] : told) {
    KillBy(runners_.at(id), now_ + limits_.stop_deadline_ms, Death::kNotStopping);
    Emit(CancelOnRunner{id, std::move(attempts)});
  }
}

// Nobody waits for an answer: what can't be cut, or is gone meanwhile, is passed over.
void WorkerCore::On(const CutsAsked& asked) {
  std::map<RunnerId, std::vector<AttemptId>> told;
  for (const AttemptId id : asked.attempts) {
    const auto found = attempts_.find(id);
    if (found == attempts_.end()) continue;
    const Runner& runner = runners_.at(found->second.runner);
    if (runner.connected && !runner.cancelled.contains(id)) {
      told[found->second.runner].push_back(id);
    }
  }
  for (auto& [id, attempts] : told) Emit(CutOnRunner{id, std::move(attempts)});
}

void WorkerCore::On(const JobEnded& ended) {
  const auto found = jobs_.find(ended.job);
  if (found == jobs_.end()) return;
  found->second.ended = true;
  found->second.runner = {};
  for (auto& [id, runner] : runners_) {
    if (runner.job != ended.job) continue;
    for (const AttemptId attempt : runner.attempts) {
      std::vector<std::uint32_t>& gpus = attempts_.at(attempt).gpus;
      runner.gpus.insert(runner.gpus.end(), gpus.begin(), gpus.end());
      gpus.clear();
    }
    while (!runner.attempts.empty()) DropAttempt(*runner.attempts.begin());
    if (!runner.connected) {
      Kill(id, runner, Death::kJobEnded);
    } else {
      Emit(StopRunner{id});
      KillBy(runner, now_ + limits_.stop_deadline_ms, Death::kJobEnded);
    }
  }
  std::erase_if(reports_, [&](const auto& entry) { return entry.second.job == ended.job; });
  FinishEndedJob(ended.job);
}

// Files go once nobody writes them any more.
void WorkerCore::FinishEndedJob(JobId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || !found->second.ended) return;
  if (std::ranges::any_of(runners_, [&](const auto& entry) { return entry.second.job == id; })) {
    return;
  }
  jobs_.erase(found);
  Emit(DeleteJobFiles{id});
}

}  // namespace gristmill::worker
