// The runner that is started before a job needs it: so its first task does not wait until a process
// has started, loaded its libraries and connected.
#include <utility>

#include "worker/core/worker_core.h"

namespace gristmill::worker {

// While nothing else is to be done: a job that runs is not to share its processors with a start.
// One that died unused is not replaced before a job has needed a runner, so that a fault that
// strikes at each start can't keep the worker busy.
void WorkerCore::StartSpareIfIdle() {
  const bool is_idle = jobs_.empty() && runners_.empty();
  const bool is_staying = session_ == Session::kRegistered && !draining_ && !left_;
  if (!spare_wanted_ || !is_idle || !is_staying) return;
  spare_wanted_ = false;
  spare_ = StartRunnerOf({}, Job{}, false);
}

// Jobs that bring files start runners of their own once these are there.
bool WorkerCore::HasSpareFor(const Job& job) const { return spare_ && !job.brings_files; }

// If it is not connected yet, it is told about the job when it is.
RunnerId WorkerCore::GiveSpareTo(JobId id, const Job& job) {
  const RunnerId given = std::exchange(spare_, {});
  Runner& runner = runners_.at(given);
  runner.job = id;
  runner.task_timeout_ms = job.task_timeout_ms;
  Emit(GiveRunner{given, id});
  if (runner.connected) TellAll(given, runner, job);
  return given;
}

void WorkerCore::EndSpare() {
  if (!spare_) return;
  const RunnerId id = std::exchange(spare_, {});
  Runner& runner = runners_.at(id);
  if (!runner.connected) return Kill(id, runner, Death::kForgotten);
  Emit(StopRunner{id});
  KillBy(runner, now_ + limits_.stop_deadline_ms, Death::kForgotten);
}

}  // namespace gristmill::worker
