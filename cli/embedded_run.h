// `gristmill run`: the coordinator's core and the data path on the threads of this process; no
// ports, no journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/instant.h"
#include "gristmill/registry.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.pb.h"
#include "storage/commit_retries.h"

namespace gristmill::cli {

struct EmbeddedOptions {
  std::uint32_t threads = 1;
  // What tasks may ask for together.
  std::uint64_t memory_bytes = 0;
  std::uint32_t gpus = 0;
  bool keep_tasks = false;       // EmbeddedOutcome::tasks
  std::string spill_directory;   // exists; the caller removes it
  const JobInfo* job = nullptr;  // outlives the run; null: the one registered by the request's name
  std::string directory;         // of the files that came with the job; TaskInfo::directory
  // Called with the state at the beginning, at most ten times a second after that, and at the end.
  std::function<void(const v1::JobStatus&)> on_progress;
  // Set by another thread to cancel; seen within a tenth of a second. May be null.
  const std::atomic<bool>* cancelled = nullptr;
  // Called when a task ran out of its time and does not stop when asked: a thread can't be killed,
  // so this is to end the process. The status is that of the end, and no output is left.
  std::function<void(const v1::JobStatus&)> on_stuck;  // needed if the request has a task timeout
  DurationMs stop_deadline_ms = 2'000;                 // from asking a task to stop to on_stuck
  CommitRetries::Limits commit_retries = {};
};

struct EmbeddedOutcome {
  v1::JobStatus status;  // final; its id is zero
  std::vector<v1::Counter> counters;
  std::vector<v1::TaskStatus> tasks = {};  // of all stages, in order, if they were to be kept
};

// Admits the request and runs the job to its end; the output is then committed, or abandoned if
// the job failed or was cancelled. What can't be committed is tried again for a while (the status
// says so; cancelling stops that) and then kept, and the message names where. A status that is not
// ok is a refusal by admission.
absl::StatusOr<EmbeddedOutcome> RunEmbedded(const v1::JobRequest& request,
                                            const EmbeddedOptions& options);

// What RunEmbedded would run. Nothing is made.
absl::StatusOr<v1::JobPlan> PlanEmbedded(const v1::JobRequest& request,
                                         const EmbeddedOptions& options);

}  // namespace gristmill::cli
