// What must hold, whatever goes wrong: a naive model of the cluster, fed by the records that
// reached the journal and by what really happened on the virtual workers.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "coordinator/core/coordinator.h"
#include "simulation/data_plane.h"
#include "simulation/payloads.h"

namespace gristmill::simulation {

// What an attempt of the task counts: every task something else, the same at every attempt.
std::uint64_t CountOf(const TaskRef& task);
// Records of its input.
inline std::uint64_t RecordsOf(const TaskRef& task) { return 100 * CountOf(task); }
inline constexpr const char* kCounterName = "units";

class Checker {
 public:
  // So many jobs may run at once.
  Checker(DataPlane* data, std::size_t running_jobs_max)
      : data_(data), running_jobs_max_(running_jobs_max) {}

  // The first thing that did not hold, as a sentence; empty so far.
  const std::string& violation() const { return violation_; }
  void Fail(std::string sentence);

  // --- What is true -----------------------------------------------------------------------------
  void OnProcessStarted(const std::string& instance, std::uint32_t process,
                        const coordinator::WorkerResources& resources);
  void OnCancelAsked(JobId job);
  void OnSuspendAsked(JobId job);
  void OnCommitFailed(JobId job);
  void OnFetchFailed(const FetchFailedDetails& details);
  // The job's code died at that record of its planned split.
  void OnDiedAt(AttemptId attempt, std::uint64_t offset);

  // --- What the coordinator decided, once it is in the journal ----------------------------------
  void OnDurable(const coordinator::Record& record);
  // The core gave the worker up; it was last heard `silent_ms` ago.
  void OnLeaseEnded(WorkerId worker, DurationMs silent_ms, DurationMs lease_ms);
  // The core took the reader's report and ended the attempt; its records follow.
  void OnFetchFailureTaken(AttemptId reader, const std::vector<TaskRef>& lost);
  // The coordinator died with what it had decided since the last OnDurable.
  void OnBatchDropped() { fetch_failures_.clear(); }

  // --- What the coordinator says ----------------------------------------------------------------
  void OnStartSpoken(AttemptId attempt, const TaskRef& task, WorkerId worker);
  void OnAcknowledgementSpoken(AttemptId attempt, WorkerId worker);
  void OnJobSpoken(JobId job);
  void OnJobEndSpoken(JobId job);
  void OnReleaseSpoken(WorkerId worker);
  void OnCommitSpoken(JobId job, const std::vector<AttemptId>& winners);

  // --- What the workers do ----------------------------------------------------------------------
  void OnRunnerStartsAttempt(AttemptId attempt);
  // A reader is about to take what these sources name for its input.
  void OnRead(AttemptId reader, const Sources& sources);

  // --- The live state, when everything it decided is in the journal -----------------------------
  void CheckJobs(const coordinator::Coordinator& core);
  void CheckWorkers(const coordinator::Coordinator& core);

  struct Totals {
    std::uint64_t succeeded = 0, copies = 0, cuts = 0, skips = 0, outputs_lost = 0,
                  workers_lost = 0, wide = 0, left_out = 0, suspended = 0, resumed = 0;
  };
  const Totals& totals() const { return totals_; }
  bool IsFinal(JobId job) const;
  bool IsSuspended(JobId job) const;
  bool IsLeftOut(const TaskRef& task) const;
  // The job is in the journal.
  const coordinator::JobShape& ShapeOf(JobId job) const { return jobs_[job.value() - 1].shape; }

 private:
  enum class State : std::uint8_t { kWaiting, kRunning, kSucceeded, kLeftOut };
  struct TaskModel {
    AttemptId attempt;  // running or succeeded
    std::uint16_t failures = 0;
    std::uint16_t uncounted_ends = 0;
    State state = State::kWaiting;
    bool counted = false;
    bool alone = false;  // an attempt died with its runner; since then the task did not succeed
    // What it is to read: of the split that the plan has for this task.
    std::uint32_t planned = 0;
    std::uint16_t begin = 0, end = kSplitLength;
  };
  struct StageModel {
    std::vector<TaskModel> tasks;               // those of the plan, then those cut off others
    std::map<std::uint32_t, AttemptId> copies;  // second attempts of running tasks
    std::uint32_t succeeded = 0, running = 0, left_out = 0;  // tasks
    bool complete() const { return succeeded + left_out == tasks.size(); }
  };
  using TaskKey = std::pair<std::uint32_t, std::uint32_t>;  // stage, task
  struct JobModel {
    coordinator::JobShape shape;
    coordinator::JobState state = coordinator::JobState::kRunning;
    std::vector<StageModel> stages;
    std::uint64_t count = 0;     // of tasks that ever succeeded
    std::set<TaskKey> hopeless;  // tasks that went wrong as often as they may
    // Where the task, which has not succeeded since, died last.
    std::map<TaskKey, std::uint64_t> died_at;
    std::map<coordinator::InputRecord, std::uint32_t> deaths;  // at a record
    std::map<coordinator::InputRecord, AttemptId> skipped;     // with the last attempt before
    bool too_many_bad = false;  // one more was to be skipped than may be
    bool cancel_asked = false;
    bool suspend_asked = false;
    bool was_suspended = false;  // ever
    bool forgotten = false;
    bool commit_failed = false;
    std::vector<AttemptId> winners;  // as told to commit
  };
  struct Process {
    std::uint32_t index = 0;
    coordinator::WorkerResources resources;
  };
  struct WorkerModel {
    Process process;
    std::vector<AttemptId> running;  // with those that wait there for a slot
    bool live = false, draining = false;
  };

  struct Folder;
  JobModel* Job(JobId id);
  WorkerModel* Worker(WorkerId id);
  TaskModel* Task(const TaskRef& ref);
  void CheckQueue();
  void CheckSlots(WorkerId id, const WorkerModel& worker);
  // In their order, what the attempts really read is all of the input, each part once.
  void CheckTiling(AttemptId reader, const Sources& sources);
  // Every output that is still to be read lies with a live worker.
  void CheckHolders(JobId id, const JobModel& job);
  bool IsNeeded(const JobModel& job, std::uint32_t stage) const;
  // Takes the attempt out of its worker and its task's state; null after a violation.
  TaskModel* EndAttempt(AttemptId attempt, const char* what);

  DataPlane* const data_;
  const std::size_t running_jobs_max_;
  std::string violation_;
  std::vector<JobModel> jobs_;                                // by id - 1
  std::vector<WorkerModel> workers_;                          // by id - 1
  absl::flat_hash_map<std::string, Process> processes_;       // by instance
  std::map<AttemptId, std::vector<TaskRef>> fetch_failures_;  // by reader: what it missed
  AttemptId last_assigned_;
  Totals totals_;
};

}  // namespace gristmill::simulation
