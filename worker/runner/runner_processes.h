// The runner processes of this worker: started, listened to and reaped.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/ids.h"
#include "worker/core/input.h"
#include "worker/runner/file_descriptor.h"
#include "worker/runner/flight_recorder.h"

namespace gristmill::worker {

// How the child finds its worker; read by RunnerMain.
inline constexpr char kRunnerSocketVariable[] = "GRISTMILL_RUNNER_SOCKET";
inline constexpr char kRunnerTokenVariable[] = "GRISTMILL_RUNNER_TOKEN";
inline constexpr char kRunnerParentVariable[] = "GRISTMILL_RUNNER_PARENT";
inline constexpr int kRunnerRecorderDescriptor = 3;  // its FlightRecorder's page

// Each runner leads a process group of its own, which is killed as a whole, also after the runner
// ended by itself. What runners write to stdout and stderr is logged line by line, and its end is
// kept. One thread waits for deaths and output together. Thread-safe.
class RunnerProcesses {
 public:
  // `died` is called once for every started runner, on the reaping thread; it must not block.
  using Died = std::function<void(RunnerDied)>;
  static absl::StatusOr<std::unique_ptr<RunnerProcesses>> Create(std::string binary, Died died);
  // Kills what is left and waits for it.
  ~RunnerProcesses();

  // Runs `binary runner` with the variables ("NAME=value") added to this process's environment and
  // a flight recorder with a place for each of `threads`.
  // Call it from a thread that outlives the runner: the kernel kills a runner whose parent thread
  // ended.
  absl::Status Start(RunnerId runner, JobId job, std::uint32_t threads,
                     const std::vector<std::string>& variables);
  void Kill(RunnerId runner);

 private:
  struct Process {
    JobId job;
    pid_t pid = 0;
    FileDescriptor pid_fd;
    FileDescriptor output;
    std::unique_ptr<FlightRecorder> recorder;
    std::string line;  // begun and not yet logged
    std::string tail;  // of all output
  };

  RunnerProcesses(std::string binary, Died died, FileDescriptor epoll, FileDescriptor wake);
  absl::StatusOr<pid_t> Spawn(int output, int recorder,
                              const std::vector<std::string>& variables) const;
  void ReapUntilStopped();
  void ReadOutput(Process& process) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RunnerDied Reap(RunnerId runner, Process& process) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string binary_;
  const Died died_;
  const FileDescriptor epoll_;
  const FileDescriptor wake_;  // an eventfd: stop once no process is left
  absl::Mutex mutex_;
  std::map<RunnerId, Process> processes_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reaper_;
};

}  // namespace gristmill::worker
