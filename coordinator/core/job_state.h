// What the core knows of one job. Folded by apply.cc only.
//
// A task costs 24 bytes here and 4 in its worker's FinishedTasks; everything else is kept for the
// few tasks that are running or went wrong. A job has few stages: loops over them are fine, loops
// over tasks are not.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "base/ids.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/job_shape.h"
#include "coordinator/core/ready_queue.h"
#include "coordinator/core/record.h"
#include "coordinator/core/run_times.h"
#include "coordinator/core/skipped_records.h"
#include "coordinator/core/task.h"
#include "coordinator/core/task_parts.h"

namespace gristmill::coordinator {

// Ends of one task's attempts that count against nobody: a lost worker, an output that can't be
// fetched, a hand-back. With so many the task or the cluster is at fault, and somebody is to be
// told. A rolling restart stays far below; of a job that skips records each may take a runner down.
constexpr std::uint32_t UncountedEndsMax(std::uint32_t skip_bad_records) {
  return 16 + skip_bad_records;
}

// Of a stage's recently finished attempts; zero before the first.
struct Usual {
  std::uint64_t run_us = 0;  // hardly moved by single slow ones
  std::uint64_t records = 0;
  std::uint64_t cautious_run_us = 0;  // moved by slow ones at once
};

struct Stage {
  Stage(const StageShape& shape, bool with_tasks)
      : inputs(shape.inputs),
        may_be_cut(shape.may_be_cut),
        parts(shape.task_count),
        tasks(with_tasks ? shape.task_count : 0),
        queue(shape.task_count) {}

  // Constant.
  std::vector<EdgeShape> inputs;
  bool may_be_cut;
  std::vector<std::uint32_t> shuffle_readers;  // stages that read this one's output
  bool broadcasts = false;                     // some stage reads this one's results

  TaskParts parts;
  std::vector<Task> tasks;  // none once they are forgotten
  ReadyQueue queue;
  std::uint32_t succeeded = 0;
  std::uint32_t left_out = 0;                   // failed for good; the job goes on without them
  std::uint32_t running = 0;                    // tasks
  absl::btree_map<std::uint32_t, Copy> copies;  // by task
  std::uint64_t copies_started = 0;
  std::uint64_t attempts_failed = 0;
  std::uint64_t outputs_lost = 0;
  std::uint64_t version = 0;         // of the set of succeeded tasks
  std::vector<std::string> results;  // by task, once the first is there; only if it broadcasts
  // Workers on which a task failed or whose copy of its output could not be read.
  absl::btree_map<std::uint32_t, std::vector<WorkerId>> avoided_workers;
  // Succeeded tasks whose output went away with its worker.
  absl::btree_set<std::uint32_t> orphaned_outputs;
  // Where the record begins at which the task, which has not succeeded since, died last. Only if
  // the job may skip it.
  absl::btree_map<std::uint32_t, std::uint64_t> bad_records;

  Usual usual;  // volatile: not in the journal
  // Likewise; of a job whose attempts are limited by the median.
  RunTimes run_times;

  std::uint32_t task_count() const { return parts.count(); }
  bool complete() const { return succeeded + left_out == task_count(); }
  // Its tasks leave output on their worker's disk until the job ends.
  bool spills() const { return !shuffle_readers.empty(); }
  std::uint32_t waiting() const { return task_count() - succeeded - left_out - running; }
  void Learn(std::uint64_t run_us, std::uint64_t records);
  void Forgive();  // as Job::Forgive
};

struct Job {
  Job(JobId id, const JobShape& shape, bool with_tasks = true);

  // Constant.
  JobId id;
  std::string name;
  std::uint32_t max_attempts;
  bool has_output;
  std::uint32_t skip_bad_records;
  TaskNeeds needs;
  Halt halt;
  std::uint32_t timeout_percent;
  DurationMs hold_ms;

  JobState state = JobState::kRunning;
  std::string message;
  Instant hold_end = kNever;  // volatile: when a suspended job fails, if it is not resumed
  bool tasks_forgotten;
  std::vector<Stage> stages;
  std::uint32_t incomplete_stages = 0;
  absl::btree_set<AttemptId> running;
  AttemptId last_assigned;                 // its newest attempt, also if that has ended
  absl::btree_set<WorkerId> participants;  // workers that ever ran an attempt of it
  std::map<std::string, std::uint64_t> counters;
  SkippedRecords skipped;  // until it ends
  // By stage and task: what the first of those that were left out said.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> left_out_reasons;

  // What waits is as if it had never gone wrong. Costs as much as there are tasks that came back.
  void Forgive();
  // Every upstream stage is complete.
  bool IsRunnable(const Stage& stage) const;
  // A runnable stage has a waiting task.
  bool HasRunnableTask() const;
  // A stage that reads the stage's output is not complete.
  bool NeedsOutputOf(const Stage& stage) const;
  // The succeeded attempts of the last stage, by task; none for one that was left out.
  std::vector<AttemptId> winners() const;
  bool is_final() const { return state > JobState::kCommitting; }
  std::uint64_t task_count() const;
  std::uint64_t left_out() const;
  JobShape shape() const;
};

}  // namespace gristmill::coordinator
