// Runs one attempt from assignment to report: the whole data path of a task.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "gristmill/record_mark.h"
#include "gristmill/registry.h"
#include "gristmill/task.h"
#include "gristmill/task_cache.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "worker/pipeline/shuffle_port.h"
#include "worker/pipeline/split_cut.h"
#include "worker/pipeline/task_notes.h"

namespace gristmill::worker {

// Job-wide state that tasks read, made once per job and runner.
struct JobContext {
  std::uint64_t job = 0;
  v1::JobPlan plan;
  const JobInfo* info = nullptr;        // outlives it; null: the one registered by that name
  std::string spill_directory;          // of this worker; map runs and reduce scratch go below it
  std::string directory;                // TaskInfo::directory
  std::uint64_t task_memory_bytes = 0;  // the runner's budget divided by its threads
  std::string out_of_memory =           // what is said when an allocation fails
      "the task ran out of memory; lower --threads or use a machine with more";
  std::shared_ptr<TaskCache> cache;  // TaskInfo::cache
  ShufflePort* shuffle = nullptr;    // null: every map output is a local file (embedded)
};

// Divides the memory of a runner among its threads and the cache, if the job has one.
void SetMemory(const v1::JobPlan& plan, std::uint64_t bytes, std::uint32_t threads,
               JobContext* context);

// Filled by the runner as messages arrive, immutable once handed to a task.
struct TaskInputs {
  std::map<std::uint32_t, std::shared_ptr<const v1::ShuffleSources>> sources;  // by upstream stage
  std::map<std::uint32_t, StageResults> broadcasts;
};

// For TaskInputs::broadcasts.
StageResults ResultsOf(v1::Broadcast broadcast);

// Progress that other threads may read while the attempt runs, and what they ask of it: to stop, to
// read less.
struct AttemptControl {
  std::atomic<bool> cancelled{false};
  std::atomic<std::uint64_t> records{0};
  RecordMark own_mark;
  RecordMark* mark = &own_mark;  // or one that outlives this process
  SplitCut cut;
  TaskNotes notes;
};

// Never throws: user exceptions, I/O errors and fetch failures become the report. All files of a
// failed attempt are gone when it returns. Thread-safe: the pool's threads call it concurrently.
v1::TaskReport ExecuteTask(const JobContext& job, const v1::TaskAssignment& assignment,
                           const TaskInputs& inputs, AttemptControl& control);

// SPILL/job-7/stage-1-task-3-attempt-19.runs
std::string RunFilePath(const std::string& spill_directory, std::uint64_t job, std::uint32_t stage,
                        std::uint32_t task, std::uint64_t attempt);
// SPILL/job-7: everything the worker keeps for a job.
std::string JobSpillDirectory(const std::string& spill_directory, std::uint64_t job);
// SPILL/job-7/files: the files that came with the job, and its runners' working directory.
std::string JobFilesDirectory(const std::string& spill_directory, std::uint64_t job);

}  // namespace gristmill::worker
