// The threads of an embedded run.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/instant.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::cli {

// One attempt on its way through the pool. Immutable but for `control` and `since`.
struct PoolTask {
  v1::TaskAssignment assignment;
  worker::TaskInputs inputs;
  worker::AttemptControl control;
  std::atomic<Instant> since{kNever};  // when it got a thread
};

// Runs ExecuteTask for each task given, in that order. The caller keeps no more tasks under way
// than a worker with as many slots may have, so both queues are bounded by that.
class TaskPool {
 public:
  // `job` outlives the pool.
  TaskPool(const worker::JobContext& job, std::uint32_t threads);
  ~TaskPool();  // waits for the tasks under way
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  void Start(std::shared_ptr<PoolTask> task);
  // The reports that came in since the last call; waits for one at most `wait_ms`. While the
  // threads have something to do it may wait 5 ms for more of them: to wake the caller for each of
  // a million tiny tasks would take longer than the tasks.
  std::vector<v1::TaskReport> TakeReports(DurationMs wait_ms);

 private:
  void Run();
  std::uint32_t threads() const { return static_cast<std::uint32_t>(threads_.size()); }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasReports() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasManyReports() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const worker::JobContext& job_;
  absl::Mutex mutex_;
  std::deque<std::shared_ptr<PoolTask>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::TaskReport> reports_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace gristmill::cli
