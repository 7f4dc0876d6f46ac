// Bugs planted between the cores and what surrounds them, to prove that each checker can fail. The
// cores are not touched: what goes in and what comes out is tampered with.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "simulation/payloads.h"

namespace gristmill::simulation {

enum class Sabotage : std::uint8_t {
  kNone,
  kSkipFencing,            // a stale report of success is taken for the task's present attempt
  kForgetLostOutput,       // failed fetches are taken for hand-backs
  kSpeakBeforePersisting,  // actions are performed while the disk still writes
  kCountTwice,             // counters of a task that ran again are added once more
  kNeverRenew,             // heartbeats renew no lease
  kOverAllocate,           // a worker is believed to have a slot too many
  kPromiseTooMuch,         // a worker is believed to have a label and GPUs that it lacks
  kReadUncommitted,        // reducers are sent to an attempt that did not commit
  kRerunFinished,          // outputs that nobody missed are declared lost
  kChangeWinners,          // a commit asked for again names another winner
  kJournalForgets,         // counters are missing in the journal
  kForgetCommit,           // the end of a commit is not noticed
  kForgetJobEnd,           // workers are not told that a job ended
  kForgetAcknowledgement,  // reports are taken but not acknowledged
  kForgetCut,              // a task that was cut is believed to read everything
  kCutTooFar,              // a piece begins behind the place where the other one ends
  kMixInput,               // pieces are read in the order in which they were cut off
  kForgetSkip,             // attempts are not told which records to leave out
  kSkipTooMuch,            // they are told one too many
  kSuspendInstead,         // jobs are suspended when they are to be cancelled
  kEndSuspended,           // workers are told that a suspended job ended
  kBlameNext,              // the record after the one at which the code died is believed to be bad
};

class Saboteur {
 public:
  explicit Saboteur(Sabotage sabotage) : sabotage_(sabotage) {}

  bool speaks_early() const { return sabotage_ == Sabotage::kSpeakBeforePersisting; }
  // Before the event is stepped; false if it is to be dropped.
  bool Pass(const coordinator::Coordinator& core, coordinator::Event& event);
  // What the step led to, before it is performed.
  void Tamper(coordinator::Output& output);
  // On its way to the journal.
  void Tamper(coordinator::Record& record) const;
  // On its way to the workers.
  void Tamper(Sources& sources) const;
  void Tamper(TaskPart& part) const;
  void Tamper(std::vector<std::uint64_t>& skips) const;

 private:
  bool PassSuccess(const coordinator::Coordinator& core, coordinator::AttemptSucceeded& event);
  bool PassFailure(const coordinator::Coordinator& core, coordinator::AttemptFailed& event);
  void Note(const coordinator::Record& record);
  static void EndSuspended(coordinator::Output& output);

  const Sabotage sabotage_;
  std::map<AttemptId, TaskRef> tasks_;          // of every attempt, if it is to sabotage
  std::map<TaskRef, std::uint32_t> succeeded_;  // how often
  std::map<JobId, std::uint64_t> extra_;        // counts of tasks that ran again
  std::map<JobId, bool> asked_to_commit_;
};

}  // namespace gristmill::simulation
