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
#include "base/file_descriptor.h"
#include "base/ids.h"
#include "base/instant.h"
#include "worker/core/input.h"
#include "worker/runner/flight_recorder.h"
#include "worker/runner/log_message.h"
#include "worker/runner/runner_log.h"
#include "worker/runner/token_bucket.h"

namespace gristmill::worker {

// How the child finds its worker; read by RunnerMain.
inline constexpr char kRunnerSocketVariable[] = "GRISTMILL_RUNNER_SOCKET";
inline constexpr char kRunnerTokenVariable[] = "GRISTMILL_RUNNER_TOKEN";
inline constexpr char kRunnerParentVariable[] = "GRISTMILL_RUNNER_PARENT";
inline constexpr int kRunnerRecorderDescriptor = 3;  // its FlightRecorder's page
inline constexpr int kRunnerLogDescriptor = 4;       // takes log_message.h

// Each runner leads a process group of its own, which is killed as a whole, also after the runner
// ended by itself; so is what left the group (left_behind.h). What runners write to stdout and
// stderr is logged line by line as far as it is not too much (runner_output.h); one that floods it
// is read, and so runs on, at a bounded pace. One thread waits for deaths and output together.
// Thread-safe.
class RunnerProcesses {
 public:
  // `died` is called once for every started runner, on the reaping thread; it must not block.
  using Died = std::function<void(RunnerDied)>;
  // Called on that thread, too, for each line that is to be kept for the runner's job.
  using KeepLine = std::function<void(RunnerId, const LogOrigin&, std::string_view)>;
  static absl::StatusOr<std::unique_ptr<RunnerProcesses>> Create(std::string binary, Died died,
                                                                 KeepLine keep = nullptr);
  // Kills what is left and waits for it.
  ~RunnerProcesses();

  struct Setup {
    JobId job;                                // zero: it gets one later
    std::uint32_t threads = 1;                // each has a place in the flight recorder
    std::vector<std::string> variables = {};  // "NAME=value", added to this process's environment
  };
  // Runs `binary runner`.
  // Call it from a thread that outlives the runner: the kernel kills a runner whose parent thread
  // ended.
  absl::Status Start(RunnerId runner, const Setup& setup);
  // One that was started without a job: its output is the job's from now on.
  void Give(RunnerId runner, JobId job);
  void Kill(RunnerId runner);

 private:
  struct Process {
    std::shared_ptr<std::string> name;  // in the log; used by who holds the process
    pid_t pid = 0;
    FileDescriptor pid_fd;
    FileDescriptor output;
    FileDescriptor messages;  // log_message.h
    std::unique_ptr<FlightRecorder> recorder;
    std::string mark;  // in the environment of its descendants
    std::unique_ptr<RunnerLog> log;
    TokenBucket reading;
    Instant read_again = kNever;  // its output is not waited for until then
  };

  // What the child gets.
  struct ChildEnds {
    int output;
    int messages;
    int recorder;
  };
  RunnerProcesses(std::string binary, Died died, KeepLine keep, FileDescriptor epoll,
                  FileDescriptor wake);
  absl::StatusOr<pid_t> Spawn(const ChildEnds& ends,
                              const std::vector<std::string>& variables) const;
  absl::Status WatchAll(RunnerId runner, const Process& process) const;
  std::unique_ptr<RunnerLog> MakeLog(RunnerId runner, std::shared_ptr<std::string> name,
                                     Instant now) const;
  void ReapUntilStopped();
  // Reads what runners wrote and takes out those that died.
  std::map<RunnerId, Process> HandleEvents() ABSL_LOCKS_EXCLUDED(mutex_);
  int WaitMs() ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadLater(RunnerId runner, Process& process) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RunnerDied Reap(RunnerId runner, Process& process) const;
  bool Stopped() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string binary_;
  const std::string family_;  // of this object's marks
  const Died died_;
  const KeepLine keep_;
  const FileDescriptor epoll_;
  const FileDescriptor wake_;  // an eventfd: stop once no process is left
  absl::Mutex mutex_;
  std::map<RunnerId, Process> processes_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reaper_;
};

}  // namespace gristmill::worker
