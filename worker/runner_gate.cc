#include "worker/runner_gate.h"

#include <utility>

#include "base/status.h"

namespace gristmill::worker {

void RunnerGate::Learn(JobId job, const v1::JobRequest& request) {
  if (request.files_size() == 0) return;
  Job& known = jobs_[job];
  known.request = request;
  known.wanted = true;
}

void RunnerGate::Prepare(JobId id, Job& job) {
  job.preparing = true;
  ports_.prepare(id, job.request);
}

// The files are fetched for the job's first runner; any others wait with it.
void RunnerGate::Start(const StartRunner& start) {
  const auto found = jobs_.find(start.job);
  if (found == jobs_.end() || found->second.ready) {
    return ports_.spawn(start, found != jobs_.end());
  }
  Job& job = found->second;
  job.waiting.push_back(start);
  if (!job.preparing) Prepare(start.job, job);
}

bool RunnerGate::Stop(RunnerId runner) {
  const auto is_it = [runner](const StartRunner& start) { return start.runner == runner; };
  for (auto& [id, job] : jobs_) {
    if (std::erase_if(job.waiting, is_it) == 0) continue;
    ports_.refuse(runner, "it was stopped");
    return true;
  }
  return false;
}

void RunnerGate::OnPrepared(JobId id, const absl::Status& status) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return ports_.discard(id);
  Job& job = found->second;
  job.preparing = false;
  if (std::exchange(job.stale, false)) {
    ports_.discard(id);
    if (!job.waiting.empty()) {
      Prepare(id, job);
    } else if (!job.wanted) {
      jobs_.erase(found);
    }
    return;
  }
  job.ready = status.ok();  // else the next runner has it tried again
  for (const StartRunner& start : std::exchange(job.waiting, {})) {
    status.ok() ? ports_.spawn(start, true) : ports_.refuse(start.runner, Message(status));
  }
}

void RunnerGate::Forget(JobId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  job.wanted = job.ready = false;
  job.stale = job.preparing;
  if (!job.preparing) jobs_.erase(found);
}

void RunnerGate::ForgetAll() {
  std::vector<JobId> all;
  for (const auto& [id, job] : jobs_) all.push_back(id);
  for (const JobId id : all) Forget(id);
}

}  // namespace gristmill::worker
