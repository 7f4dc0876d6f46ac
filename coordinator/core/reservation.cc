#include "coordinator/core/reservation.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "coordinator/core/scheduler.h"

namespace gristmill::coordinator {
namespace {

// Workers, and tasks of a stage that look for a certain one, that are looked at.
constexpr int kLooksMax = 16;
// Beside those, workers that are full of the job's own tasks.
constexpr int kOwnMax = 1'000;

// As for free slots: a task that failed on a worker waits for another one as long as one is ready.
bool Avoids(const WorkerPool& workers, const Job& job, const Stage& stage, std::uint32_t task,
            WorkerId worker) {
  const std::vector<WorkerId>& avoided = stage.avoided_workers.at(task);
  return stage.tasks[task].failures > 0 && std::ranges::find(avoided, worker) != avoided.end() &&
         HasReadyBut(workers, job.needs, avoided);
}

// The job's first task that may run on the worker, as far as one is found with few looks.
std::optional<TaskRef> TaskFor(const WorkerPool& workers, const Job& job, const Worker& worker) {
  for (std::uint32_t index = 0; index < job.stages.size(); ++index) {
    const Stage& stage = job.stages[index];
    if (stage.queue.empty() || !job.IsRunnable(stage)) continue;
    if (stage.spills() && worker.short_of_disk) continue;
    const std::optional<std::uint32_t> easy = stage.queue.first_for_anyone();
    int looks = 0;
    for (const std::uint32_t task : stage.queue.choosy()) {
      if ((easy && *easy < task) || ++looks > kLooksMax) break;
      if (!Avoids(workers, job, stage, task, worker.id)) return TaskRef{job.id, index, task};
    }
    if (easy) return TaskRef{job.id, index, *easy};
  }
  return std::nullopt;
}

// Its tasks there and one more would fit, were nobody else there.
bool WaitsForOthers(const Job& job, const Worker& worker) {
  const auto own =
      std::ranges::find(worker.running_by_job, job.id, &std::pair<JobId, std::uint32_t>::first);
  const std::uint64_t running = own == worker.running_by_job.end() ? 0 : own->second;
  return worker.resources.Hold(job.needs, running + 1);
}

}  // namespace

void ServeReservations(Turn& turn) {
  ClusterState& state = turn.state;
  const std::vector<std::pair<JobId, WorkerId>> reservations(state.workers.reservations().begin(),
                                                             state.workers.reservations().end());
  for (const auto& [job_id, worker_id] : reservations) {
    const Worker& worker = *state.workers.Find(worker_id);
    std::optional<TaskRef> task;
    if (worker.is_ready() && state.jobs.HasTurn(job_id)) {
      const Job& job = *state.jobs.Find(job_id);
      task = TaskFor(state.workers, job, worker);
      if (task && !worker.HasRoom(job.needs)) continue;
    }
    state.workers.Unreserve(job_id);
    if (task) AssignAttempt(turn, *task, worker_id);
  }
}

void ReserveFor(Turn& turn, const Job& job) {
  WorkerPool& workers = turn.state.workers;
  if (!job.needs.is_wide() || workers.reservations().contains(job.id)) return;
  int looks = 0, own = 0;
  for (const WorkerPool::Offer& offer : workers.reservable(job.needs)) {
    Worker& worker = *workers.Find(offer.worker);
    const bool waits_for_others = WaitsForOthers(job, worker);
    if (waits_for_others ? ++looks > kLooksMax : ++own > kOwnMax) return;
    if (!waits_for_others || !TaskFor(workers, job, worker)) continue;
    workers.Reserve(worker, job.id, job.needs);
    return;
  }
}

}  // namespace gristmill::coordinator
