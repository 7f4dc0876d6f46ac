// Which of the worker's GPUs each attempt is to use. The coordinator assigns no more than there
// are; but an attempt that it gave up may still be ending, and the next one waits here until then.
#include <algorithm>

#include "base/check.h"
#include "worker/core/worker_core.h"

namespace gristmill::worker {

void WorkerCore::TakeGpus(const Job& job, AttemptId id, Attempt& attempt) {
  attempt.waits_for_gpus = free_gpus_.size() < job.gpus;
  if (attempt.waits_for_gpus) {
    wait_for_gpus_.insert(id);
    return;
  }
  const auto end = std::next(free_gpus_.begin(), job.gpus);
  attempt.gpus.assign(free_gpus_.begin(), end);
  free_gpus_.erase(free_gpus_.begin(), end);
}

void WorkerCore::ReturnGpus(std::vector<std::uint32_t>& gpus) {
  free_gpus_.insert(gpus.begin(), gpus.end());
  gpus.clear();
}

void WorkerCore::ServeGpus() {
  const std::vector<AttemptId> waiting(wait_for_gpus_.begin(), wait_for_gpus_.end());
  for (const AttemptId id : waiting) {
    Attempt& attempt = attempts_.at(id);
    const Job* job = LiveJob(attempt.job);
    GM_CHECK(job != nullptr);  // its attempts ended with it
    if (free_gpus_.size() < job->gpus) continue;
    wait_for_gpus_.erase(id);
    TakeGpus(*job, id, attempt);
    ForwardAssignment(attempt);
  }
}

}  // namespace gristmill::worker
