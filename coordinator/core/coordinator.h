// The deterministic machine that decides everything. No clock, thread, lock, file, socket or
// randomness: time comes in, work comes out as values.
//
// Contract of the driver (etcd raft's "ready" loop):
//   1. Step each event;  2. append all `records` to the journal and sync;  3. only then perform
//   the `actions`, in order. Persist, then speak.
// Recovery: Apply every journaled record, then Recover(now) once, performing its Output likewise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "base/task_part.h"
#include "coordinator/core/action.h"
#include "coordinator/core/event.h"
#include "coordinator/core/record.h"
#include "coordinator/core/skipped_records.h"
#include "coordinator/core/task.h"

namespace gristmill::coordinator {

struct Limits {
  DurationMs lease_ms = 10'000;       // a worker not heard for this long is lost
  bool speculation = true;            // slow attempts get a second one elsewhere, or are cut
  DurationMs quarantine_ms = 60'000;  // of a bad worker, the first time (quarantine.h); 0: never
  // Of the jobs that ended last, so many are remembered; with their tasks only as long as those are
  // not more than this together.
  std::size_t ended_jobs_max = 10'000;
  std::uint64_t ended_tasks_max = 2'000'000;
  std::size_t running_jobs_max = 64;  // at least 1; later ones wait, and start in order
};

struct Output {
  std::vector<Record> records;
  std::vector<Action> actions;
};

// --- What queries see -------------------------------------------------------------------------
struct StageView {
  std::uint32_t tasks = 0, succeeded = 0, left_out = 0, running = 0;
  std::uint64_t attempts_failed = 0, outputs_lost = 0, copies_started = 0, tasks_cut = 0;
};
struct JobView {
  JobId id;
  std::string name;
  JobState state = JobState::kRunning;
  std::string message;
  std::vector<StageView> stages;
  Counters counters;  // sorted by name; each task counted once
  bool tasks_forgotten = false;
  std::uint64_t records_skipped = 0;
  std::size_t jobs_ahead = 0;  // of a queued job: those that run, and those queued before it
  Instant hold_end = kNever;   // of a suspended job: when it fails, if it is not resumed
  // It would run something, and workers that suffice for it are ready, but none has room for it now
  // beside what is kept.
  bool lacks_room = false;
  // Why no worker could ever run what it would run next, as a clause; empty if one could.
  std::string why_none_suffices = {};
};
// What the jobs that have not ended take.
struct LoadView {
  std::size_t running_jobs = 0, queued_jobs = 0, suspended_jobs = 0;
  std::uint64_t tasks = 0;  // also of committing ones
};
struct TaskView {
  TaskState state = TaskState::kWaiting;
  AttemptId attempt;
  WorkerId worker;
  std::uint32_t failures = 0;
  TaskPart part;
};
// Of a job that goes on without it.
struct LeftOutTask {
  TaskRef task;
  TaskPart part;
  std::string reason;  // empty where it was not kept
};
// A running attempt, or one that waits on its worker for a slot.
struct AttemptView {
  AttemptId attempt;
  TaskRef task;
  WorkerId worker;
  Instant since;  // when it was assigned, or this process recovered
  std::uint64_t records = 0;
  std::uint32_t done_ppm = 0;
};
enum class WorkerState : std::uint8_t {
  kReady,
  kDisconnected,
  kDraining,
  kShortOfDisk,
  kQuarantined
};
struct WorkerView {
  WorkerId id;
  std::string instance, name, shuffle_address, spill_directory;
  WorkerResources resources;
  std::uint32_t slots_used = 0;
  std::uint64_t memory_bytes_used = 0;
  std::uint32_t gpus_used = 0;
  JobId reserved_for;          // what else ends there is kept for a wide task of it
  std::uint32_t attempts = 0;  // with those that wait there for a slot
  WorkerState state = WorkerState::kReady;
  Instant last_heard;
  std::uint64_t pace = 1'000;  // time of its recent attempts, per mille of what is usual
  bool slow = false;           // by that
  // kQuarantined only; why is a clause.
  Instant quarantine_end;
  std::string why_quarantined;
};

// Not thread-safe. Same state, event and now: same Output.
class Coordinator {
 public:
  explicit Coordinator(Limits limits);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // Decides, then applies its own records.
  Output Step(const Event& event, Instant now);
  // Folds one decision; holds no policy. Aborts on a record that cannot follow the state.
  void Apply(const Record& record);
  // After the last Apply of a restart: gives every known worker a fresh lease to re-register in,
  // and asks again for the commits that were under way and for the newest ends of jobs.
  Output Recover(Instant now);

  // When Step(Tick) next has something to do; kNever if nothing waits.
  Instant next_deadline() const;

  std::vector<JobId> jobs() const;  // in order of submission
  LoadView load() const;
  std::optional<JobView> job(JobId id) const;
  // There was such a job; it ended, and was forgotten for those that ended later.
  bool was_forgotten(JobId id) const;
  // None if the job's tasks were forgotten.
  std::optional<TaskView> task(const TaskRef& ref) const;
  // Of the attempt, if it runs on that worker.
  std::optional<TaskRef> task_of(AttemptId attempt, WorkerId worker) const;
  // In the order of their ids; of a job that has none or is not there: none.
  std::vector<AttemptView> attempts(JobId id) const;
  std::vector<WorkerView> workers() const;  // live ones, in order of id
  std::optional<WorkerView> worker(WorkerId id) const;
  // Finished tasks of a stage and where their output lies, in the order of what they read.
  struct OutputLocation {
    std::uint32_t task;
    AttemptId attempt;
    WorkerId worker;
  };
  std::vector<OutputLocation> stage_outputs(JobId job, std::uint32_t stage) const;
  // Grows whenever stage_outputs of that stage changes.
  std::uint64_t stage_version(JobId job, std::uint32_t stage) const;
  // Of a job that has not ended, in order of path and offset.
  const SkippedRecords& skipped_records(JobId job) const;
  // Why no worker could ever run such a task, as a clause; empty if one could.
  std::string WhyNoneSuffices(const TaskNeeds& needs) const;
  // By stage and task.
  std::vector<LeftOutTask> left_out_tasks(JobId job) const;
  // Most time of an attempt of the stage on its thread, by the median of those before; kNoLimit if
  // there is none.
  DurationMs limit_by_median(JobId job, std::uint32_t stage) const;
  // Results of a finished stage by task, for broadcast edges.
  std::vector<std::string> stage_results(JobId job, std::uint32_t stage) const;

  // The state as few records: folded by a new Coordinator they give the same Fingerprint. Hands
  // them out one by one, since together they may be large; stops at the first false.
  bool Snapshot(const std::function<bool(const Record&)>& take) const;
  // Everything that Apply folds, as text: equal for a live state, its refolded journal and its
  // refolded snapshot.
  std::string Fingerprint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gristmill::coordinator
