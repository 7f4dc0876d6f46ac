// Everything the core knows. Records change it (apply.h); handlers read it and decide.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "base/ids.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/job_table.h"
#include "coordinator/core/worker_pool.h"

namespace gristmill::coordinator {

struct RunningAttempt {
  TaskRef task;
  WorkerId worker;
  bool alone = false;  // in a runner of its own

  // Volatile: not in the journal.
  Instant since;               // when it was assigned, or this process recovered
  std::uint64_t records = 0;   // of its input, by the last heartbeat
  std::uint32_t done_ppm = 0;  // likewise, of its part, if that is known
  Instant asked_at = kNever;   // to be cut, which it has not done yet
};

struct ClusterState {
  explicit ClusterState(Limits limits) : limits(limits) {}

  const Limits limits;
  JobTable jobs;
  WorkerPool workers;
  AttemptId next_attempt{1};
  // Looked up; iterated only where the order can't be seen.
  absl::flat_hash_map<AttemptId, RunningAttempt> running;
  Instant next_look = kNever;  // volatile: when slow attempts are looked at

  // The task exists.
  Stage& stage(const TaskRef& ref) { return jobs.Find(ref.job)->stages[ref.stage]; }
  Task& task(const TaskRef& ref) { return stage(ref).tasks[ref.task]; }
};

}  // namespace gristmill::coordinator
