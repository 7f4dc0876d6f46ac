// The coordinator's decisions. The journal stores them; Coordinator::Apply folds them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "coordinator/core/event.h"
#include "coordinator/core/job_shape.h"
#include "coordinator/core/skipped_records.h"
#include "coordinator/core/task.h"
#include "coordinator/core/task_parts.h"

namespace gristmill::coordinator {

// In this order, each job from its first state on; only that a suspended job, which keeps what it
// has but starts nothing, is as one of the two before again when it is resumed. A queued job waits
// for others to end.
enum class JobState : std::uint8_t {
  kQueued,
  kRunning,
  kSuspended,
  kCommitting,
  kSucceeded,
  kFailed,
  kCancelled
};

struct JobSubmittedRecord {
  JobId job;
  JobShape shape;
  bool without_tasks = false;  // in a snapshot: its tasks were forgotten
  bool queued = false;         // it begins as kQueued, else as kRunning
};
struct JobStateRecord {
  JobId job;
  JobState state = JobState::kRunning;
  std::string message;
};
struct WorkerJoinedRecord {
  WorkerId worker;
  std::string instance;
  std::string name;
  WorkerResources resources;
  std::string shuffle_address;
  std::string spill_directory;
};
struct WorkerLostRecord {
  WorkerId worker;
  std::string reason;
};
struct WorkerDrainedRecord {
  WorkerId worker;
};
struct AttemptAssignedRecord {
  AttemptId attempt;
  TaskRef task;
  WorkerId worker;
  bool alone = false;  // in a runner of its own
};
struct AttemptSucceededRecord {
  AttemptId attempt;
  Counters counters;
  std::string result;
};
struct AttemptEndedRecord {
  AttemptId attempt;
  bool counts_as_failure = false;
  std::string message;
  bool run_alone = false;  // from now on, until the task succeeds
  // Where its record begins that may have to be skipped.
  std::optional<std::uint64_t> bad_record = {};
};
// The task, which waits, died at the record twice. From now on no task of the job gets to see it,
// and what went wrong before counts no more.
struct RecordSkippedRecord {
  TaskRef task;
  InputRecord record;
  std::string reason;
};
struct OutputLostRecord {
  TaskRef task;
};
// A running task reads up to `at` only; a new task, the stage's next, reads the rest.
struct TaskCutRecord {
  TaskRef task;
  std::uint64_t at = 0;  // as in TaskPart
};

// The task, which waits, failed for good, and the job goes on without it.
struct TaskLeftOutRecord {
  TaskRef task;
  std::string reason;  // what it said; empty where that is not kept
};

// An ended job keeps its counts, counters and message, but no state of single tasks.
struct TasksForgottenRecord {
  JobId job;
};
// An ended job is as if it had never been; its id is not used again.
struct JobForgottenRecord {
  JobId job;
};

// --- Restored: what a snapshot (snapshot.h) has in place of the decisions that led there
// ---------- The ids that come next, after those of jobs and workers that are no more.
struct IdsRestoredRecord {
  JobId job;
  WorkerId worker;
  AttemptId attempt;
};
// Follows its job's JobSubmittedRecord, one for each stage in order.
struct StageRestoredRecord {
  JobId job;
  std::uint32_t stage = 0;
  std::uint32_t succeeded = 0;
  std::uint32_t left_out = 0;
  std::uint64_t attempts_failed = 0;
  std::uint64_t outputs_lost = 0;
  std::uint64_t copies_started = 0;
  std::uint64_t version = 0;
  std::uint32_t next_fresh = 0;  // tasks below were tried
  std::vector<std::pair<std::uint32_t, std::vector<WorkerId>>> avoided_workers;  // ascending
  std::vector<std::uint32_t> orphaned_outputs;                                   // ascending
  std::vector<Piece> pieces;                                                     // by task
  std::vector<TaskEnd> ends;                                                     // ascending
  std::vector<BadRecord> bad_records = {};                                       // ascending
};
// Tasks first_task, first_task + 1, … of a restored stage. Their workers have joined.
struct TasksRestoredRecord {
  JobId job;
  std::uint32_t stage = 0;
  std::uint32_t first_task = 0;
  std::vector<Task> tasks;
};
struct ResultRestoredRecord {
  TaskRef task;
  std::string result;
};
struct CopyRestored {
  std::uint32_t stage = 0;
  std::uint32_t task = 0;  // which runs
  Copy copy;
};
struct LeftOutRestored {
  std::uint32_t stage = 0;
  std::uint32_t task = 0;
  std::string reason;
};
// Follows everything of the job but its states after kRunning.
struct JobRestoredRecord {
  JobId job;
  AttemptId last_assigned;
  std::vector<WorkerId> participants;  // ascending
  Counters counters;                   // sorted by name
  std::vector<CopyRestored> copies;
  std::vector<AttemptId> running_alone = {};   // ascending
  std::vector<SkippedRecord> skipped = {};     // ascending
  std::vector<LeftOutRestored> left_out = {};  // that have a reason; ascending
};
// What the worker finished of a running job's stage, in order of success.
struct FinishedRestoredRecord {
  WorkerId worker;
  JobId job;
  std::uint32_t stage = 0;
  std::uint32_t held = 0;
  std::vector<std::uint32_t> tasks;
};

using Record =
    std::variant<JobSubmittedRecord, JobStateRecord, WorkerJoinedRecord, WorkerLostRecord,
                 WorkerDrainedRecord, AttemptAssignedRecord, AttemptSucceededRecord,
                 AttemptEndedRecord, OutputLostRecord, TasksForgottenRecord, JobForgottenRecord,
                 IdsRestoredRecord, StageRestoredRecord, TasksRestoredRecord, ResultRestoredRecord,
                 JobRestoredRecord, FinishedRestoredRecord, TaskCutRecord, RecordSkippedRecord,
                 TaskLeftOutRecord>;

}  // namespace gristmill::coordinator
