#include "simulation/sabotage.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

namespace gristmill::simulation {

using coordinator::AttemptFailed;
using coordinator::AttemptSucceeded;

bool Saboteur::Pass(const coordinator::Coordinator& core, coordinator::Event& event) {
  if (sabotage_ == Sabotage::kNone) return true;
  if (auto* succeeded = std::get_if<AttemptSucceeded>(&event)) return PassSuccess(core, *succeeded);
  if (auto* failed = std::get_if<AttemptFailed>(&event)) return PassFailure(core, *failed);
  if (auto* registered = std::get_if<coordinator::WorkerRegistered>(&event)) {
    registered->resources.slots += sabotage_ == Sabotage::kOverAllocate;
    if (sabotage_ == Sabotage::kPromiseTooMuch) {
      registered->resources.gpus += 2;
      registered->resources.labels = {"ssd"};
    }
  }
  if (auto* heartbeat = std::get_if<coordinator::WorkerHeartbeat>(&event)) {
    for (auto& progress : heartbeat->progress) {
      if (sabotage_ == Sabotage::kForgetCut) progress.cut_at.reset();
    }
    return sabotage_ != Sabotage::kNeverRenew;
  }
  if (const auto* cancel = std::get_if<coordinator::CancelJob>(&event);
      cancel != nullptr && sabotage_ == Sabotage::kSuspendInstead) {
    event = coordinator::SuspendJob{cancel->job, cancel->reason};
  }
  if (std::holds_alternative<coordinator::OutputCommitted>(event)) {
    return sabotage_ != Sabotage::kForgetCommit;
  }
  return true;
}

bool Saboteur::PassSuccess(const coordinator::Coordinator& core, AttemptSucceeded& event) {
  if (sabotage_ == Sabotage::kForgetCut) event.cut_at.reset();
  const auto found = tasks_.find(event.attempt);
  if (found == tasks_.end()) return true;
  const TaskRef ref = found->second;
  const auto task = core.task(ref);
  if (sabotage_ == Sabotage::kSkipFencing && task->state == coordinator::TaskState::kRunning) {
    event.attempt = task->attempt;
    event.worker = task->worker;
  }
  if (sabotage_ == Sabotage::kCountTwice && task->attempt == event.attempt &&
      task->state == coordinator::TaskState::kRunning) {
    std::uint64_t& extra = extra_[ref.job];
    if (succeeded_[ref]++ > 0) {
      extra += event.counters[0].second;
    } else {
      event.counters[0].second += std::exchange(extra, 0);
    }
  }
  return true;
}

bool Saboteur::PassFailure(const coordinator::Coordinator& core, AttemptFailed& event) {
  if (sabotage_ == Sabotage::kBlameNext && event.record) ++event.record->offset;
  if (sabotage_ == Sabotage::kForgetLostOutput && event.cause == AttemptFailed::Cause::kFetch) {
    event.cause = AttemptFailed::Cause::kHandedBack;
    event.lost_outputs.clear();
  }
  const auto found = tasks_.find(event.attempt);
  if (found == tasks_.end()) return true;
  const TaskRef ref = found->second;
  if (sabotage_ == Sabotage::kRerunFinished && ref.stage > 0 &&
      event.cause != AttemptFailed::Cause::kFetch) {
    event.cause = AttemptFailed::Cause::kFetch;
    for (const auto& output : core.stage_outputs(ref.job, ref.stage - 1)) {
      event.lost_outputs.push_back({ref.job, ref.stage - 1, output.task});
    }
  }
  return true;
}

void Saboteur::Note(const coordinator::Record& record) {
  if (const auto* assigned = std::get_if<coordinator::AttemptAssignedRecord>(&record)) {
    tasks_[assigned->attempt] = assigned->task;
  }
}

void Saboteur::EndSuspended(coordinator::Output& output) {
  for (const coordinator::Record& record : output.records) {
    const auto* changed = std::get_if<coordinator::JobStateRecord>(&record);
    if (changed == nullptr || changed->state != coordinator::JobState::kSuspended) continue;
    output.actions.emplace_back(
        coordinator::EndJob{changed->job, coordinator::JobState::kCancelled});
  }
}

void Saboteur::Tamper(coordinator::Output& output) {
  if (sabotage_ == Sabotage::kNone) return;
  for (const coordinator::Record& record : output.records) Note(record);
  if (sabotage_ == Sabotage::kEndSuspended) EndSuspended(output);
  std::erase_if(output.actions, [&](const coordinator::Action& action) {
    return (sabotage_ == Sabotage::kForgetJobEnd &&
            std::holds_alternative<coordinator::EndJob>(action)) ||
           (sabotage_ == Sabotage::kForgetAcknowledgement &&
            std::holds_alternative<coordinator::AcknowledgeReport>(action));
  });
  for (coordinator::Action& action : output.actions) {
    auto* commit = std::get_if<coordinator::CommitOutput>(&action);
    if (sabotage_ != Sabotage::kChangeWinners || commit == nullptr || commit->winners.empty()) {
      continue;
    }
    if (std::exchange(asked_to_commit_[commit->job], true)) {
      commit->winners[0] = AttemptId(commit->winners[0].value() - 1);
    }
  }
}

void Saboteur::Tamper(coordinator::Record& record) const {
  if (sabotage_ != Sabotage::kJournalForgets) return;
  if (auto* succeeded = std::get_if<coordinator::AttemptSucceededRecord>(&record)) {
    succeeded->counters.clear();
  }
}

void Saboteur::Tamper(TaskPart& part) const {
  if (sabotage_ == Sabotage::kCutTooFar && part.begin > 0) ++part.begin;
}

void Saboteur::Tamper(std::vector<std::uint64_t>& skips) const {
  if (sabotage_ == Sabotage::kForgetSkip) skips.clear();
  if (sabotage_ == Sabotage::kSkipTooMuch && !skips.empty()) skips.push_back(skips.back() + 1);
}

void Saboteur::Tamper(Sources& sources) const {
  if (sabotage_ == Sabotage::kMixInput) {
    std::vector<std::pair<std::uint32_t, AttemptId>> by_task;
    for (std::size_t i = 0; i < sources.tasks.size(); ++i) {
      by_task.emplace_back(sources.tasks[i], sources.attempts[i]);
    }
    std::sort(by_task.begin(), by_task.end());
    for (std::size_t i = 0; i < by_task.size(); ++i) {
      std::tie(sources.tasks[i], sources.attempts[i]) = by_task[i];
    }
  }
  if (sabotage_ != Sabotage::kReadUncommitted || sources.attempts.empty()) return;
  sources.attempts[0] = AttemptId(sources.attempts.back().value() + 1);
}

}  // namespace gristmill::simulation
