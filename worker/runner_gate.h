// Holds runners of jobs that bring files back until these are there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/ids.h"
#include "gristmill/v1/job.pb.h"
#include "worker/core/output.h"

namespace gristmill::worker {

// Not thread-safe; calls its ports on the calling thread.
class RunnerGate {
 public:
  struct Ports {
    // Makes the directory with the job's files, once at a time for each job; OnPrepared follows.
    std::function<void(JobId, const v1::JobRequest&)> prepare;
    std::function<void(const StartRunner&, bool brings_files)> spawn;
    // It will not be spawned.
    std::function<void(RunnerId, const std::string& why)> refuse;
    // What was prepared is not wanted any more.
    std::function<void(JobId)> discard;
  };
  explicit RunnerGate(Ports ports) : ports_(std::move(ports)) {}

  // Before any runner of the job. Jobs that bring nothing need not be known.
  void Learn(JobId job, const v1::JobRequest& request);
  void Start(const StartRunner& start);
  // Whether the runner was held back; then it is refused.
  bool Stop(RunnerId runner);
  void OnPrepared(JobId job, const absl::Status& status);
  // The job ended, or its directory was removed; it may be learnt anew.
  void Forget(JobId job);
  void ForgetAll();

 private:
  struct Job {
    v1::JobRequest request;
    bool wanted = false;
    bool preparing = false;
    bool stale = false;                // what is being prepared will not be wanted
    bool ready = false;                // it is there
    std::vector<StartRunner> waiting;  // for that
  };
  void Prepare(JobId id, Job& job);

  const Ports ports_;
  std::map<JobId, Job> jobs_;  // that bring files
};

}  // namespace gristmill::worker
