#include "coordinator/core/coordinator.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <variant>

#include "coordinator/core/apply.h"
#include "coordinator/core/cluster_state.h"
#include "coordinator/core/coordinator_state.h"
#include "coordinator/core/handlers.h"
#include "coordinator/core/hold.h"
#include "coordinator/core/quarantine.h"
#include "coordinator/core/scheduler.h"
#include "coordinator/core/speculation.h"
#include "coordinator/core/turn.h"

namespace gristmill::coordinator {
namespace {

// Jobs whose ends a restart asks for again: those that the coordinator before may have journaled
// but not carried out any more.
constexpr std::ptrdiff_t kEndedAgainMax = 100;

}  // namespace

Coordinator::Coordinator(Limits limits) : state_(std::make_unique<State>(limits)) {}
Coordinator::~Coordinator() = default;

Output Coordinator::Step(const Event& event, Instant now) {
  Turn turn{*state_, now, {}, {}, {}};
  ForgetOldJobs(turn);
  std::visit([&](const auto& e) { OnEvent(turn, e); }, event);
  ReviewQuarantine(turn);
  StartQueuedJobs(turn);
  AssignFreeSlots(turn);
  AssignAhead(turn);
  SpeculateIfDue(turn);
  ScheduleLook(turn);
  ReleaseDrainedWorkers(turn);
  return std::move(turn.output);
}

void Coordinator::Apply(const Record& record) { ApplyRecord(*state_, record); }

Output Coordinator::Recover(Instant now) {
  Turn turn{*state_, now, {}, {}, {}};
  state_->workers.RenewAllLeases(now, state_->limits.lease_ms);
  for (auto& [attempt, running] : state_->running) running.since = now;
  for (const auto& [id, job] : state_->jobs.all()) {
    if (job.state == JobState::kCommitting) turn.Do(CommitOutput{id, job.winners()});
  }
  BeginHoldsAnew(turn);
  const auto& ended = state_->jobs.ended();
  for (auto it = ended.end() - std::min<std::ptrdiff_t>(std::ssize(ended), kEndedAgainMax);
       it != ended.end(); ++it) {
    turn.Do(EndJob{*it, state_->jobs.Find(*it)->state});
  }
  StartQueuedJobs(turn);  // more may run than before
  return std::move(turn.output);
}

Instant Coordinator::next_deadline() const {
  const auto& quarantined = state_->workers.quarantined();
  const Instant quarantine_end = quarantined.empty() ? kNever : quarantined.begin()->first;
  const auto& holds = state_->jobs.holds();
  const Instant hold_end = holds.empty() ? kNever : holds.begin()->first;
  return std::min(
      {state_->workers.first_lease().first, state_->next_look, quarantine_end, hold_end});
}

}  // namespace gristmill::coordinator
