// A runner's side of its one job: takes commands, runs attempts on the pool, hands back reports.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "gristmill/v1/runner_service.pb.h"
#include "worker/pipeline/task_executor.h"
#include "worker/runner/flight_recorder.h"
#include "worker/runner/thread_pool.h"

namespace gristmill::worker {

// Thread-safe. Its destructor waits for the running attempts; a runner process that must end
// sooner ends without it.
class RunnerJob {
 public:
  // Called on the pool's threads. `more` attempts wait, so the report need not go out at once.
  using Report = std::function<void(v1::TaskReport, bool more)>;
  // Called after the report of a task that failed because memory ran out: user code may have leaked
  // it, so the process should end soon.
  using Retire = std::function<void()>;

  // Makes the job's directory this process's own and limits its memory. `shuffle` and `recorder`,
  // which may be null, outlive this.
  RunnerJob(const v1::RunnerStart& start, ShufflePort* shuffle, FlightRecorder* recorder,
            Report report, Retire retire);

  void SetSources(v1::ShuffleSources sources);
  void SetBroadcast(v1::Broadcast broadcast);
  // Soon, or once those before it have left it a thread.
  void Run(v1::TaskAssignment assignment);
  void Cancel(const v1::CancelAttempts& cancel);
  void Cut(const v1::CutAttempts& cut);
  // Empty if nothing runs. Those that wait for a thread are told, too.
  v1::Heartbeat progress() const;

 private:
  struct Running {
    std::shared_ptr<AttemptControl> control;
    std::optional<std::chrono::steady_clock::time_point> since = {};  // when it got a thread
  };

  absl::Status EnterDirectory() const;
  // The job's shared object, if it is in one.
  absl::Status LoadJob();
  void RunNow(const v1::TaskAssignment& assignment, AttemptControl& control);

  // Constant after construction.
  JobContext context_;
  absl::Status loaded_;
  std::string key_type_;  // of the job's output
  FlightRecorder* const recorder_;
  const Report report_;
  const Retire retire_;
  mutable absl::Mutex mutex_;
  TaskInputs inputs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Running> running_ ABSL_GUARDED_BY(mutex_);  // or waiting for a thread
  ThreadPool pool_;  // last: its threads use the rest
};

}  // namespace gristmill::worker
