// The session with the coordinator: registration, acknowledgements, drain and leaving.
#include <utility>

#include "worker/core/worker_core.h"

namespace gristmill::worker {

void WorkerCore::On(const SessionOpened&) {
  session_ = Session::kRegistering;
  register_by_ = now_ + limits_.register_deadline_ms;
  SendRegister message;
  for (const auto& [id, attempt] : attempts_) message.running.push_back(id);
  for (const auto& [id, report] : reports_) message.running.push_back(id);
  for (const auto& [id, job] : jobs_) {
    if (!job.ended) message.jobs.push_back(id);
  }
  Emit(std::move(message));
}

void WorkerCore::On(const SessionRegistered& registered) {
  session_ = Session::kRegistered;
  ever_registered_ = true;
  register_by_ = kNever;
  heartbeat_ms_ = registered.heartbeat_ms;
  lease_ms_ = registered.lease_ms;
  next_heartbeat_ = now_ + heartbeat_ms_;
  last_heard_ = now_;
  if (registered.forget_everything) ForgetEverything();
  // Perhaps another coordinator, which knows nothing yet.
  for (auto& [id, attempt] : attempts_) {
    attempt.status_is_told = attempt.status.empty();
    attempt.next_notes = now_;
  }
  if (short_of_disk_) Beat();
  if (draining_) Emit(SendDrain{});
  if (reports_.empty()) return;
  SendReports resent;
  for (const auto& [id, unacknowledged] : reports_) {
    resent.reports.push_back(unacknowledged.report);
  }
  Emit(std::move(resent));
}

void WorkerCore::On(const SessionBroken&) {
  session_ = Session::kNone;
  register_by_ = kNever;
  next_heartbeat_ = kNever;
}

void WorkerCore::On(const SessionLost& lost) { Leave(lost.reason); }

void WorkerCore::On(const ReportsAcknowledged& acknowledged) {
  last_heard_ = now_;
  for (const AttemptId id : acknowledged.attempts) reports_.erase(id);
}

// Told at once: before the next heartbeat came more work.
void WorkerCore::On(const DiskSpaceChanged& changed) {
  if (short_of_disk_ == changed.is_short) return;
  short_of_disk_ = changed.is_short;
  if (session_ == Session::kRegistered) Beat();
}

void WorkerCore::On(const DrainRequested&) {
  const bool again = draining_;
  draining_ = true;
  if (again || !ever_registered_) return Leave({});
  leave_at_ = now_ + limits_.drain_deadline_ms;
  EndSpare();
  if (session_ == Session::kRegistered) Emit(SendDrain{});
}

void WorkerCore::On(const DrainCompleted&) {
  if (draining_) Leave({});
}

// Whatever still runs is handed back by the Goodbye itself.
void WorkerCore::Leave(std::string reason) {
  for (auto& [id, runner] : runners_) Kill(id, runner, Death::kForgotten);
  if (session_ == Session::kRegistered) Emit(SendGoodbye{});
  Emit(Exit{std::move(reason)});
  left_ = true;
}

void WorkerCore::ForgetEverything() {
  for (auto& [id, runner] : runners_) {
    if (id == spare_) continue;
    Kill(id, runner, Death::kForgotten);
    runner.forgotten.insert(runner.forgotten.end(), runner.attempts.begin(), runner.attempts.end());
    for (const AttemptId attempt : runner.attempts) {
      std::vector<std::uint32_t>& gpus = attempts_.at(attempt).gpus;
      runner.gpus.insert(runner.gpus.end(), gpus.begin(), gpus.end());
    }
    runner.attempts.clear();
    runner.cancelled.clear();
    runner.overdue.clear();
    runner.time_up.clear();
  }
  jobs_.clear();
  attempts_.clear();
  wait_for_gpus_.clear();
  reports_.clear();
  Emit(DeleteAllFiles{});
}

}  // namespace gristmill::worker
