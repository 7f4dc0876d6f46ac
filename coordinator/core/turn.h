// One Step under way: what it decided so far and what is to be done about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/action.h"
#include "coordinator/core/apply.h"
#include "coordinator/core/cluster_state.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/record.h"

namespace gristmill::coordinator {

struct Turn {
  ClusterState& state;
  Instant now;
  Output output;
  // Draining workers that may have lost their last reason to stay; looked at when the turn ends.
  std::vector<WorkerId> release_candidates;
  WorkerId finisher;  // whose attempt succeeded in this turn

  template <class AnyRecord>
  void Decide(AnyRecord record) {
    ApplyRecord(state, output.records.emplace_back(std::move(record)));
  }
  template <class AnyAction>
  void Do(AnyAction action) {
    output.actions.emplace_back(std::move(action));
  }
};

// The attempt runs. It ends without success and its task waits again.
void EndAttempt(Turn& turn, AttemptId attempt, bool counts_as_failure, std::string message,
                bool run_alone = false, std::optional<std::uint64_t> bad_record = std::nullopt);

// A second attempt of the running task is given up in favour of the one named, if there are two.
void EndOtherAttempt(Turn& turn, const TaskRef& ref, AttemptId winner, std::string why);

// The attempt of the task that still runs is given up, if there is one.
void EndRunningAttempt(Turn& turn, const TaskRef& ref, std::string why);

// The job's running attempts are cancelled: it is about to have none.
void CancelAttempts(Turn& turn, const Job& job, const std::string& why);

// The job is not final. Its running attempts are cancelled and it gets this final state.
void EndJobAs(Turn& turn, Job& job, JobState state, std::string message);

// To be called when a stage became complete: the job may be done.
void OnStageComplete(Turn& turn, Job& job);

// Much less may be needed of what draining workers hold.
void ConsiderReleasingAll(Turn& turn);

// Outputs that went away with a worker and that an incomplete stage is still to read: their tasks
// run again.
void DeclareOrphansLost(Turn& turn, Job& job);

// Ended jobs beyond the limits. To be called before the event: the actions of the one before, which
// may be about a job that it ended, are done.
void ForgetOldJobs(Turn& turn);

// Tells the turn's candidates that run nothing and hold nothing needed that they may go.
void ReleaseDrainedWorkers(Turn& turn);

}  // namespace gristmill::coordinator
