// The life of runners, from the first assignment of a job to the death of the process.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/task_timeout.h"
#include "worker/core/death_message.h"
#include "worker/core/worker_core.h"

namespace gristmill::worker {
namespace {

using Suspects = std::map<AttemptId, const AttemptInFlight*>;  // null if nothing is known of it

// Of a dead runner's attempts: the one whose thread got the signal, else all that its threads were
// at. The others had not begun, or were done and not yet heard of. Empty if nothing is known.
Suspects SuspectsOf(const RunnerDied& died, const std::set<AttemptId>& attempts) {
  Suspects suspects;
  for (const AttemptInFlight& in_flight : died.in_flight) {
    if (!attempts.contains(in_flight.attempt)) continue;
    if (in_flight.crashed) return {{in_flight.attempt, &in_flight}};
    suspects[in_flight.attempt] = &in_flight;
  }
  return suspects;
}

// The record that the only suspect was at, if that can be what the runner died of. A signal that no
// handler saw was sent: by the kernel when memory was short, or by another process.
std::optional<std::uint64_t> BadRecordOf(const RunnerDied& died, const AttemptInFlight* suspect) {
  const bool sent = died.how == RunnerDied::How::kSignalled && died.crash.empty();
  if (suspect == nullptr || sent || died.out_of_memory) return std::nullopt;
  // The signal met a thread that ran no task: what the task was at is a coincidence.
  if (died.how == RunnerDied::How::kSignalled && !suspect->crashed) return std::nullopt;
  return suspect->offset;
}

}  // namespace

RunnerId WorkerCore::RunnerFor(JobId id, Job& job) {
  if (!job.runner) {
    job.runner = HasSpareFor(job) ? GiveSpareTo(id, job) : StartRunnerOf(id, job, false);
    spare_wanted_ = limits_.keeps_spare_runner;
  }
  return job.runner;
}

RunnerId WorkerCore::StartRunnerOf(JobId id, const Job& job, bool alone) {
  last_runner_ = RunnerId(last_runner_.value() + 1);
  Runner& runner = runners_[last_runner_];
  runner.job = id;
  runner.alone = alone;
  runner.task_timeout_ms = job.task_timeout_ms;
  if (!job.brings_files) {
    KillBy(runner, now_ + limits_.runner_start_deadline_ms, Death::kNotConnecting);
  }
  Emit(StartRunner{last_runner_, id, alone});
  return last_runner_;
}

void WorkerCore::On(const RunnerSpawned& spawned) {
  const auto found = runners_.find(spawned.runner);
  if (found == runners_.end() || found->second.connected) return;
  KillBy(found->second, now_ + limits_.runner_start_deadline_ms, Death::kNotConnecting);
}

void WorkerCore::EndIfDone(RunnerId id, Runner& runner) {
  if (runner.alone && runner.attempts.empty()) EndUnused(id, runner);
}

void WorkerCore::EndIfIdle(RunnerId id, Runner& runner) {
  if (now_ < runner.idle_until) return;
  runner.idle_until = kNever;
  // The next assignment of the job starts a fresh runner.
  if (Job* job = LiveJob(runner.job); job != nullptr && job->runner == id) job->runner = {};
  EndUnused(id, runner);
}

void WorkerCore::EndUnused(RunnerId id, Runner& runner) {
  if (runner.killed) return;
  if (!runner.connected) return Kill(id, runner, Death::kNotStopping);
  Emit(StopRunner{id});
  KillBy(runner, now_ + limits_.stop_deadline_ms, Death::kNotStopping);
}

void WorkerCore::KillBy(Runner& runner, Instant deadline, Death death) {
  if (runner.killed) return;
  if (deadline < runner.kill_at || death == Death::kJobEnded) {
    runner.kill_at = std::min(deadline, runner.kill_at);
    runner.death = death;
  }
}

void WorkerCore::Kill(RunnerId id, Runner& runner, Death death) {
  if (death == Death::kForgotten || !runner.killed) runner.death = death;
  // The next assignment of the job starts a fresh runner.
  if (Job* job = LiveJob(runner.job); job != nullptr && job->runner == id) job->runner = {};
  if (spare_ == id) spare_ = {};
  if (runner.killed) return;
  runner.killed = true;
  runner.kill_at = kNever;
  runner.time_up.clear();
  Emit(KillRunner{id});
}

void WorkerCore::On(const RunnerConnected& connected) {
  const auto found = runners_.find(connected.runner);
  if (found == runners_.end() || found->second.killed) return;
  Runner& runner = found->second;
  const Job* job = LiveJob(runner.job);
  const bool is_spare = found->first == spare_;
  if ((job == nullptr && !is_spare) || runner.connected) return;
  runner.connected = true;
  runner.kill_at = kNever;
  runner.death = Death::kNotWanted;
  if (!is_spare) TellAll(found->first, runner, *job);
}

void WorkerCore::TellAll(RunnerId id, const Runner& runner, const Job& job) {
  Emit(ForwardToRunner{id, job.start});
  for (const auto& [stage, sources] : job.sources) Emit(ForwardToRunner{id, sources});
  for (const auto& [stage, made] : job.broadcasts) Emit(ForwardToRunner{id, made});
  for (const AttemptId attempt : runner.attempts) {
    ForwardAssignment(attempts_.at(attempt));
  }
}

void WorkerCore::On(const RunnerReported& reported) {
  const auto found = runners_.find(reported.runner);
  if (found == runners_.end()) return;
  Runner& runner = found->second;
  for (const Report& report : reported.reports) {
    if (!runner.attempts.contains(report.attempt)) continue;
    if (report.outcome == Outcome::kHandedBack && runner.overdue.contains(report.attempt) &&
        !runner.cancelled.contains(report.attempt)) {
      ReportStopped(runner, report.attempt);
    } else {
      KeepReport(runner.job, report);
    }
    DropAttempt(report.attempt);
  }
  if (runner.cancelled.empty() && runner.overdue.empty() && runner.death == Death::kNotStopping &&
      !runner.killed) {
    runner.death = Death::kNotWanted;
    runner.kill_at = kNever;
  }
  EndIfDone(reported.runner, runner);
}

void WorkerCore::On(const RunnerProgressed& progressed) {
  for (const Progress& progress : progressed.progress) {
    const auto found = attempts_.find(progress.attempt);
    if (found == attempts_.end() || found->second.runner != progressed.runner) continue;
    Attempt& attempt = found->second;
    attempt.records = progress.records;
    attempt.done_ppm = progress.done_ppm;
    attempt.run_ms = progress.run_ms;
    if (progress.status != attempt.status) {
      attempt.status = progress.status;
      attempt.status_is_told = false;
    }
    if (progress.notes != nullptr) attempt.notes = progress.notes;
    if (progress.cut_at != attempt.cut_at) {
      attempt.cut_at = progress.cut_at;
      // Slots are idle: the coordinator is to hear of it now.
      if (session_ == Session::kRegistered) next_heartbeat_ = std::min(next_heartbeat_, now_);
    }
    Runner& runner = runners_.at(progressed.runner);
    if (runner.task_timeout_ms == 0 || progress.run_ms == 0) continue;
    if (runner.killed || runner.overdue.contains(progress.attempt)) continue;
    // Kept from its first word on: one that falls silent is stopped all the same.
    runner.time_up.emplace(progress.attempt, now_ + (runner.task_timeout_ms - progress.run_ms));
  }
}

void WorkerCore::StopOverdue(RunnerId id, Runner& runner) {
  std::vector<AttemptId> stopped;
  for (const auto& [attempt, due] : runner.time_up) {
    if (now_ >= due) stopped.push_back(attempt);
  }
  if (stopped.empty()) return;
  for (const AttemptId attempt : stopped) {
    runner.time_up.erase(attempt);
    runner.overdue.emplace(attempt, runner.task_timeout_ms);
  }
  KillBy(runner, now_ + limits_.stop_deadline_ms, Death::kNotStopping);
  Emit(CancelOnRunner{id, std::move(stopped)});
}

// Of a runner whose attempts were asked to stop: the attempt did, or was stopped with its runner.
void WorkerCore::ReportStopped(const Runner& runner, AttemptId attempt) {
  const auto overdue = runner.overdue.find(attempt);
  if (overdue != runner.overdue.end() && !runner.cancelled.contains(attempt)) {
    const bool by_median = runner.task_timeout_ms == 0;
    KeepReport(runner.job, {attempt, Outcome::kFailed,
                            by_median ? DescribeMedianTimeout(overdue->second)
                                      : DescribeTaskTimeout(overdue->second),
                            nullptr});
  } else if (runner.cancelled.empty()) {
    HandBack(runner.job, attempt, "its runner was stopped because another task ran too long");
  } else {
    HandBack(runner.job, attempt, "its runner was stopped because a cancelled task did not end");
  }
}

void WorkerCore::On(const RunnerDetached& detached) {
  const auto found = runners_.find(detached.runner);
  if (found == runners_.end()) return;
  if (Job* job = LiveJob(found->second.job); job != nullptr && job->runner == detached.runner) {
    job->runner = {};
  }
  if (spare_ == detached.runner) spare_ = {};
  KillBy(found->second, now_ + limits_.stop_deadline_ms, Death::kDetached);
}

// One suspect has failed. Of several nobody knows which one it was: each runs again alone, where
// nothing but its own crash can count against it.
void WorkerCore::Blame(const Runner& runner, AttemptId id, std::size_t suspects,
                       std::string message, std::optional<std::uint64_t> bad_record) {
  const bool ran = runner.connected;  // else its runner did not get so far as to run anything
  Report report{id, Outcome::kFailed, std::move(message), nullptr, ran, bad_record};
  if (ran && suspects > 1) {
    report.outcome = Outcome::kHandedBack;
    report.bad_record.reset();
    report.message = fmt::format("it is one of {} tasks at which {}", suspects, report.message);
  }
  KeepReport(runner.job, std::move(report));
}

// Of a runner that is dead: what it may have written after everything was deleted.
void WorkerCore::DeleteForgotten(const Runner& runner) {
  if (runner.forgotten.empty()) return;
  if (jobs_.contains(runner.job)) {  // it came again meanwhile
    Emit(DeleteAttemptFiles{runner.job, runner.forgotten});
  } else {
    Emit(DeleteJobFiles{runner.job});
  }
}

void WorkerCore::On(const RunnerDied& died) {
  const auto found = runners_.find(died.runner);
  if (found == runners_.end()) return;
  Runner runner = std::move(found->second);
  runners_.erase(found);
  ReturnGpus(runner.gpus);
  if (Job* job = LiveJob(runner.job); job != nullptr && job->runner == died.runner) {
    job->runner = {};
  }
  if (spare_ == died.runner) spare_ = {};
  Suspects suspects = SuspectsOf(died, runner.attempts);
  const bool is_known = !suspects.empty();
  if (!is_known) {
    for (const AttemptId id : runner.attempts) suspects[id] = nullptr;
  }
  const bool lost_contact =
      (runner.killed && runner.death == Death::kDetached) ||
      (died.how == RunnerDied::How::kExited && died.code == RunnerDied::kLostContactStatus);
  for (const AttemptId id : runner.attempts) {
    ReturnGpus(attempts_.at(id).gpus);
    wait_for_gpus_.erase(id);
    attempts_.erase(id);
    if (runner.death == Death::kForgotten || runner.death == Death::kJobEnded) continue;
    if (died.how == RunnerDied::How::kExited && died.code == RunnerDied::kOutOfMemoryStatus) {
      HandBack(runner.job, id, "its runner went because another task ran out of memory");
    } else if (lost_contact && !is_known) {
      HandBack(runner.job, id, "the worker lost contact with its runner");
    } else if (lost_contact && suspects.contains(id)) {
      Blame(runner, id, suspects.size(), DescribeLostContact(runner.job, died.last_output));
    } else if (runner.killed && runner.death == Death::kNotStopping) {
      ReportStopped(runner, id);
    } else if (runner.killed && runner.death == Death::kNotConnecting) {
      KeepReport(runner.job,
                 {id, Outcome::kFailed,
                  WithLastOutput(
                      fmt::format("the runner of job {} did not start in time", runner.job.value()),
                      died.last_output),
                  nullptr});
    } else if (!suspects.contains(id)) {
      HandBack(runner.job, id,
               fmt::format("the runner of job {} died of another task", runner.job.value()));
    } else {
      Blame(runner, id, suspects.size(),
            DescribeDeath(runner.job, died, suspects.at(id), runner.connected),
            BadRecordOf(died, suspects.at(id)));
    }
  }
  DeleteForgotten(runner);
  if (!runner.attempts.empty() && LiveJob(runner.job) != nullptr) {
    Emit(DeleteAttemptFiles{runner.job, {runner.attempts.begin(), runner.attempts.end()}});
  }
  FinishEndedJob(runner.job);
}

}  // namespace gristmill::worker
