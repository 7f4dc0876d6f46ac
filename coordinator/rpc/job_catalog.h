// What the coordinator knows of a job beyond what the core needs: its plan, splits and times, and
// the words for why it failed. Like the core's state it is a fold of the journal's records, so it
// is the same after a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/ids.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/record.h"
#include "coordinator/task_times.h"
#include "gristmill/v1/insight.pb.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/journal.pb.h"
#include "storage/split_planner.h"

namespace gristmill::coordinator {

// A failure that counts against a task.
struct FailedTask {
  TaskRef task;
  AttemptId attempt;
  WorkerId worker;
  std::string message;  // shortened
};

// Without the worker's name.
v1::FailedAttempt Encode(const FailedTask& failed);

struct CatalogEntry {
  static constexpr std::size_t kFailuresKept = 20;
  static constexpr std::size_t kFailureBytesMax = 1 << 10;

  // Once the job's tasks are forgotten, without what only they need: inputs and parameters.
  std::shared_ptr<const v1::JobPlan> plan;
  std::shared_ptr<const SplitTable> splits;  // null once the job has ended
  std::uint64_t input_bytes = 0;
  std::uint64_t plan_bytes = 0;
  JobState state = JobState::kRunning;
  std::int64_t submitted_unix_ms = 0;
  std::int64_t finished_unix_ms = 0;  // zero while it runs
  std::string last_failure;           // of a task, the newest, in words that name its input
  std::string last_failure_cause;     // what the task said, as the core has it
  std::deque<FailedTask> failures;    // the newest ones, in their order
  std::uint64_t failures_total = 0;
  bool commit_failed = false;  // the job failed when all tasks were done
  TaskTimes times;             // volatile: as far as this process saw them
  bool finished() const { return state > JobState::kCommitting; }
};

// Not thread-safe: lives on the shell's thread.
class JobCatalog {
 public:
  // `core`, which has folded each record before this does, outlives it.
  explicit JobCatalog(const Coordinator* core) : core_(core) {}

  // Just before the JobSubmittedRecord is folded.
  void Add(JobId job, std::shared_ptr<const v1::JobPlan> plan, std::int64_t unix_ms);
  // Likewise, in a snapshot, of a job without tasks.
  void AddWithoutTasks(JobId job, std::shared_ptr<const v1::JobPlan> plan, std::int64_t unix_ms,
                       std::uint64_t input_bytes);
  void RestoreFailure(JobId job, std::string last_failure, std::string cause);
  void RestoreFailures(const v1::JobRestored& restored);
  // Just before the record of the success of the attempt, if it runs, is folded.
  void NoteRunTime(AttemptId attempt, std::uint64_t run_us);
  // Returns the job that the record is about; zero if none. `unix_ms` is zero for what was
  // journaled by an earlier process.
  JobId Fold(const Record& record, std::int64_t unix_ms);

  // For clients: with the worker's name.
  v1::FailedAttempt MessageOf(const FailedTask& failed) const;

  // Null if there is no such job.
  const CatalogEntry* Find(JobId job) const;
  const std::map<JobId, CatalogEntry>& entries() const { return entries_; }
  // Of the plans of jobs that have not ended.
  std::uint64_t live_plan_bytes() const { return live_plan_bytes_; }
  // The splits of any job; made anew for a job that has ended.
  std::shared_ptr<const SplitTable> SplitsOf(const CatalogEntry& entry) const;

  // The job with this request id; zero if none.
  JobId FindRequest(const std::string& request_id) const;
  // The unfinished job that writes to this (normal) directory; zero if none.
  JobId FindOutput(const std::string& output) const;
  // Of any worker that ever joined and was not forgotten.
  std::string WorkerName(WorkerId worker) const;
  void SetWorkerName(WorkerId worker, std::string name) { worker_names_[worker] = std::move(name); }
  void ForgetWorkersBut(const absl::flat_hash_set<WorkerId>& workers);
  // The job of a running attempt; zero if it does not run.
  JobId JobOf(AttemptId attempt) const;

 private:
  struct RunningAttempt {
    TaskRef task;
    WorkerId worker;
    std::int64_t started_unix_ms = 0;  // zero: not known
    std::uint64_t run_us = 0;          // likewise
  };
  JobId FoldAssigned(const AttemptAssignedRecord& assigned, std::int64_t unix_ms);
  JobId FoldSucceeded(const AttemptSucceededRecord& succeeded, std::int64_t unix_ms);
  void EndTime(const RunningAttempt& attempt, std::int64_t unix_ms);
  CatalogEntry& AddEntry(JobId job, std::shared_ptr<const v1::JobPlan> plan, std::int64_t unix_ms);
  JobId FoldEnd(const AttemptEndedRecord& ended, std::int64_t unix_ms);
  void FoldState(const JobStateRecord& changed, std::int64_t unix_ms);
  void FoldTasks(const TasksRestoredRecord& restored);
  void Forget(JobId job);
  void RememberFailure(AttemptId id, const RunningAttempt& attempt, const std::string& message);

  const Coordinator* const core_;
  std::map<JobId, CatalogEntry> entries_;
  std::uint64_t live_plan_bytes_ = 0;
  absl::flat_hash_map<std::string, JobId> by_request_;
  absl::flat_hash_map<std::string, JobId> by_output_;  // unfinished jobs
  absl::flat_hash_map<WorkerId, std::string> worker_names_;
  absl::flat_hash_map<AttemptId, RunningAttempt> running_;  // at most the cluster's slots
};

}  // namespace gristmill::coordinator
