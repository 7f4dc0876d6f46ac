#include "worker/core/worker_core.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace gristmill::worker {

std::vector<Output> WorkerCore::Step(const Input& input, Instant now) {
  outputs_.clear();
  if (left_) return {};
  now_ = now;
  std::visit([this](const auto& typed) { On(typed); }, input);
  if (!wait_for_gpus_.empty() && !left_) ServeGpus();
  StartSpareIfIdle();
  if (!fresh_reports_.empty()) {
    if (session_ == Session::kRegistered && !left_) Emit(SendReports{std::move(fresh_reports_)});
    fresh_reports_.clear();
  }
  return std::move(outputs_);
}

Instant WorkerCore::next_deadline() const {
  if (left_) return kNever;
  Instant next = std::min({register_by_, next_heartbeat_, silence_deadline(), leave_at_});
  for (const auto& [id, runner] : runners_) {
    next = std::min({next, runner.kill_at, runner.idle_until});
    for (const auto& [attempt, due] : runner.time_up) next = std::min(next, due);
  }
  return next;
}

void WorkerCore::On(const Tick&) {
  if (now_ >= leave_at_) return Leave({});
  for (auto& [id, runner] : runners_) {
    if (now_ >= runner.kill_at) Kill(id, runner, runner.death);
    StopOverdue(id, runner);
    EndIfIdle(id, runner);
  }
  if (now_ >= register_by_) {
    register_by_ = kNever;
    Emit(ResetSession{"the coordinator did not answer the registration"});
  }
  if (now_ >= silence_deadline()) {
    last_heard_ = now_;
    Emit(ResetSession{"the coordinator did not acknowledge a report"});
  }
  if (now_ >= next_heartbeat_) {
    next_heartbeat_ = now_ + heartbeat_ms_;
    Beat();
  }
}

void WorkerCore::Beat() {
  SendHeartbeat heartbeat;
  heartbeat.short_of_disk = short_of_disk_;
  for (auto& [id, attempt] : attempts_) {
    Progress& progress = heartbeat.progress.emplace_back(Progress{.attempt = id,
                                                                  .records = attempt.records,
                                                                  .run_ms = attempt.run_ms,
                                                                  .done_ppm = attempt.done_ppm,
                                                                  .cut_at = attempt.cut_at});
    if (!std::exchange(attempt.status_is_told, true)) progress.status = attempt.status;
    if (attempt.notes == nullptr || now_ < attempt.next_notes) continue;
    attempt.next_notes = now_ + limits_.notes_period_ms;
    progress.notes = std::exchange(attempt.notes, nullptr);
  }
  Emit(std::move(heartbeat));
}

Instant WorkerCore::silence_deadline() const {
  if (session_ != Session::kRegistered || reports_.empty()) return kNever;
  return last_heard_ + limits_.silent_leases_max * lease_ms_;
}

void WorkerCore::KeepReport(JobId job, Report report) {
  if (reports_.empty()) last_heard_ = std::max(last_heard_, now_);
  fresh_reports_.push_back(report);
  reports_[report.attempt] = {job, std::move(report)};
}

void WorkerCore::HandBack(JobId job, AttemptId attempt, std::string why) {
  KeepReport(job, {attempt, Outcome::kHandedBack, std::move(why), nullptr});
}

void WorkerCore::DropAttempt(AttemptId id) {
  const auto found = attempts_.find(id);
  GM_CHECK(found != attempts_.end());
  if (const auto of_attempt = runners_.find(found->second.runner); of_attempt != runners_.end()) {
    Runner& runner = of_attempt->second;
    runner.attempts.erase(id);
    runner.cancelled.erase(id);
    runner.overdue.erase(id);
    runner.time_up.erase(id);
    if (runner.attempts.empty()) runner.idle_until = now_ + limits_.idle_runner_ms;
  }
  ReturnGpus(found->second.gpus);
  wait_for_gpus_.erase(id);
  attempts_.erase(found);
}

}  // namespace gristmill::worker
