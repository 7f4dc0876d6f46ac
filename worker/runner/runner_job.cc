#include "worker/runner/runner_job.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace gristmill::worker {
namespace {

// Slots bound the attempts in flight; more only come while cancelled ones are still ending.
constexpr std::size_t kWaitingPerThreadMax = 8;

std::uint32_t Threads(const v1::RunnerStart& start) { return std::max(start.threads(), 1u); }

}  // namespace

RunnerJob::RunnerJob(const v1::RunnerStart& start, ShufflePort* shuffle,
                     std::function<void(v1::TaskReport)> report)
    : report_(std::move(report)), pool_(Threads(start), kWaitingPerThreadMax * Threads(start)) {
  context_.job = start.job();
  context_.plan = start.plan();
  context_.spill_directory = start.spill_directory();
  context_.task_memory_bytes = start.plan().request().memory_bytes() / Threads(start);
  context_.shuffle = shuffle;
}

void RunnerJob::SetSources(v1::ShuffleSources sources) {
  const std::uint32_t stage = sources.stage();
  auto shared = std::make_shared<const v1::ShuffleSources>(std::move(sources));
  absl::MutexLock lock(&mutex_);
  inputs_.sources[stage] = std::move(shared);
}

void RunnerJob::SetBroadcast(v1::Broadcast broadcast) {
  const std::uint32_t stage = broadcast.stage();
  auto shared = std::make_shared<const v1::Broadcast>(std::move(broadcast));
  absl::MutexLock lock(&mutex_);
  inputs_.broadcasts[stage] = std::move(shared);
}

void RunnerJob::Run(v1::TaskAssignment assignment) {
  auto control = std::make_shared<AttemptControl>();
  const std::uint64_t attempt = assignment.attempt();
  TaskInputs inputs;
  {
    absl::MutexLock lock(&mutex_);
    if (!running_.emplace(attempt, control).second) return;
    inputs = inputs_;
  }
  const bool accepted =
      pool_.Submit([this, assignment = std::move(assignment), inputs = std::move(inputs), control] {
        RunNow(assignment, inputs, *control);
      });
  if (accepted) return;
  {
    absl::MutexLock lock(&mutex_);
    running_.erase(attempt);
  }
  v1::TaskReport refused;
  refused.set_attempt(attempt);
  refused.set_outcome(v1::TASK_OUTCOME_HANDED_BACK);
  refused.set_message("the runner has more attempts than threads");
  report_(std::move(refused));
}

void RunnerJob::RunNow(const v1::TaskAssignment& assignment, const TaskInputs& inputs,
                       AttemptControl& control) {
  v1::TaskReport report = ExecuteTask(context_, assignment, inputs, control);
  {
    absl::MutexLock lock(&mutex_);
    running_.erase(assignment.attempt());
  }
  report_(std::move(report));
}

void RunnerJob::Cancel(const v1::CancelAttempts& cancel) {
  absl::MutexLock lock(&mutex_);
  for (const std::uint64_t attempt : cancel.attempts()) {
    const auto found = running_.find(attempt);
    if (found != running_.end()) found->second->cancelled = true;
  }
}

v1::Heartbeat RunnerJob::progress() const {
  v1::Heartbeat heartbeat;
  absl::MutexLock lock(&mutex_);
  for (const auto& [attempt, control] : running_) {
    v1::AttemptProgress& progress = *heartbeat.add_progress();
    progress.set_attempt(attempt);
    progress.set_records(control->records.load(std::memory_order_relaxed));
  }
  return heartbeat;
}

}  // namespace gristmill::worker
