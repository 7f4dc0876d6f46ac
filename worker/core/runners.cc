// The life of runners, from the first assignment of a job to the death of the process.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/task_timeout.h"
#include "worker/core/worker_core.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kLastOutputBytesMax = 4096;
constexpr int kSigKill = 9;

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal)
                         : fmt::format("signal {} (SIG{})", signal, name);
}

// The length of the UTF-8 character that `text` begins with; 0 if it begins with none.
std::size_t CharacterBytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0x80    ? 1
                            : first < 0xC2  ? 0
                            : first < 0xE0  ? 2
                            : first < 0xF0  ? 3
                            : first <= 0xF4 ? 4
                                            : 0;
  if (bytes > text.size()) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  const auto second = bytes > 1 ? static_cast<unsigned char>(text[1]) : 0x80;
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return overlong || beyond ? 0 : bytes;
}

// User code writes any bytes, but messages are UTF-8: what is not becomes '?'.
std::string ReadableText(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = CharacterBytes(bytes);
    text += length == 0 ? std::string_view("?") : bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

std::string WithLastOutput(const std::string& sentence, std::string_view written) {
  if (written.size() > kLastOutputBytesMax) {
    written.remove_prefix(written.size() - kLastOutputBytesMax);
  }
  std::string output = ReadableText(written);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output.empty() ? sentence : fmt::format("{}; it last wrote: {}", sentence, output);
}

std::string DescribeDeath(JobId job, const RunnerDied& died, bool connected) {
  const char* when = connected ? "while it ran this task" : "before it could start this task";
  switch (died.how) {
    case RunnerDied::How::kNotStarted:
      return fmt::format("the runner of job {} could not be started: {}", job.value(),
                         died.last_output);
    case RunnerDied::How::kSignalled:
      return WithLastOutput(
          fmt::format("the runner of job {} was killed by {} {}{}", job.value(),
                      SignalName(died.code), when,
                      died.code == kSigKill ? ", perhaps because the host ran out of memory" : ""),
          died.last_output);
    case RunnerDied::How::kExited:
      break;
  }
  return WithLastOutput(
      fmt::format("the runner of job {} exited with status {} {}", job.value(), died.code, when),
      died.last_output);
}

// Between two processes of one host no stream breaks by itself.
std::string DescribeLostContact(JobId job, std::string_view last_output) {
  return WithLastOutput(
      fmt::format("the runner of job {} lost its connection to the worker while it ran this task; "
                  "check that the job's code closes no file descriptors but its own",
                  job.value()),
      last_output);
}

}  // namespace

RunnerId WorkerCore::RunnerFor(JobId id, Job& job) {
  if (job.runner) return job.runner;
  last_runner_ = RunnerId(last_runner_.value() + 1);
  job.runner = last_runner_;
  Runner& runner = runners_[last_runner_];
  runner.job = id;
  runner.task_timeout_ms = job.task_timeout_ms;
  KillBy(runner, now_ + limits_.runner_start_deadline_ms, Death::kNotConnecting);
  Emit(StartRunner{last_runner_, id});
  return last_runner_;
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
  Job* job = LiveJob(runner.job);
  if (job == nullptr || runner.connected) return;
  runner.connected = true;
  runner.kill_at = kNever;
  runner.death = Death::kNotWanted;
  Emit(ForwardToRunner{found->first, job->start});
  for (const auto& [stage, sources] : job->sources) Emit(ForwardToRunner{found->first, sources});
  for (const auto& [stage, made] : job->broadcasts) Emit(ForwardToRunner{found->first, made});
  for (const AttemptId id : runner.attempts) {
    Emit(ForwardToRunner{found->first, attempts_.at(id).assignment});
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
}

void WorkerCore::On(const RunnerProgressed& progressed) {
  for (const Progress& progress : progressed.progress) {
    const auto found = attempts_.find(progress.attempt);
    if (found == attempts_.end() || found->second.runner != progressed.runner) continue;
    found->second.records = progress.records;
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
    runner.overdue.insert(attempt);
  }
  KillBy(runner, now_ + limits_.stop_deadline_ms, Death::kNotStopping);
  Emit(CancelOnRunner{id, std::move(stopped)});
}

// Of a runner whose attempts were asked to stop: the attempt did, or was stopped with its runner.
void WorkerCore::ReportStopped(const Runner& runner, AttemptId attempt) {
  if (runner.overdue.contains(attempt) && !runner.cancelled.contains(attempt)) {
    KeepReport(runner.job,
               {attempt, Outcome::kFailed, DescribeTaskTimeout(runner.task_timeout_ms), nullptr});
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
  KillBy(found->second, now_ + limits_.stop_deadline_ms, Death::kDetached);
}

void WorkerCore::On(const RunnerDied& died) {
  const auto found = runners_.find(died.runner);
  if (found == runners_.end()) return;
  const Runner runner = std::move(found->second);
  runners_.erase(found);
  if (Job* job = LiveJob(runner.job); job != nullptr && job->runner == died.runner) {
    job->runner = {};
  }
  // The others had not begun, or were done and not yet heard of: the crash is not their failure.
  // Without such a record every attempt is a suspect.
  std::set<AttemptId> suspects;
  for (const AttemptId id : died.in_flight) {
    if (runner.attempts.contains(id)) suspects.insert(id);
  }
  const bool is_known = !suspects.empty();
  if (!is_known) suspects = runner.attempts;
  const bool lost_contact =
      (runner.killed && runner.death == Death::kDetached) ||
      (died.how == RunnerDied::How::kExited && died.code == RunnerDied::kLostContactStatus);
  for (const AttemptId id : runner.attempts) {
    attempts_.erase(id);
    if (runner.death == Death::kForgotten || runner.death == Death::kJobEnded) continue;
    if (lost_contact && !is_known) {
      HandBack(runner.job, id, "the worker lost contact with its runner");
    } else if (lost_contact && suspects.contains(id)) {
      KeepReport(runner.job, {id, Outcome::kFailed,
                              DescribeLostContact(runner.job, died.last_output), nullptr});
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
      KeepReport(runner.job, {id, Outcome::kFailed,
                              DescribeDeath(runner.job, died, runner.connected), nullptr});
    }
  }
  if (!runner.attempts.empty() && LiveJob(runner.job) != nullptr) {
    Emit(DeleteAttemptFiles{runner.job, {runner.attempts.begin(), runner.attempts.end()}});
  }
  FinishEndedJob(runner.job);
}

}  // namespace gristmill::worker
