#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "coordinator/core/cut.h"
#include "coordinator/core/handlers.h"
#include "coordinator/core/hold.h"
#include "coordinator/core/leave_out.h"
#include "coordinator/core/run_times.h"

namespace gristmill::coordinator {
namespace {

// The worker does not run the attempts any more. A task to which this happens again and again has
// failed for good.
void LoseAttempts(Turn& turn, const std::vector<AttemptId>& attempts, const std::string& why) {
  for (const AttemptId attempt : attempts) {
    const auto running = turn.state.running.find(attempt);
    if (running == turn.state.running.end()) continue;  // one before it ended their job
    const TaskRef ref = running->second.task;
    EndAttempt(turn, attempt, false, why);
    const std::uint16_t ends = turn.state.task(ref).uncounted_ends;
    const Job& job = *turn.state.jobs.Find(ref.job);
    if (ends < UncountedEndsMax(job.skip_bad_records)) continue;
    const std::string what = fmt::format(
        "was interrupted {} times, last because {}; the task may be what takes its "
        "workers down",
        ends, why);
    FailTask(turn, ref, what, fmt::format("stage {} task {} {}", ref.stage, ref.task, what));
  }
}

void LoseWorker(Turn& turn, WorkerId id, std::string reason) {
  const Worker& worker = *turn.state.workers.Find(id);
  const std::vector<AttemptId> running(worker.running.begin(), worker.running.end());
  std::vector<JobId> jobs;  // that may miss its output; ascending
  for (const auto& [key, finished] : worker.finished) {
    if (jobs.empty() || jobs.back() != key.first) jobs.push_back(key.first);
  }
  LoseAttempts(turn, running, fmt::format("worker {} {}", worker.name, reason));
  turn.Decide(WorkerLostRecord{id, reason});
  turn.Do(DropWorker{id, std::move(reason)});
  for (const JobId job : jobs) DeclareOrphansLost(turn, *turn.state.jobs.Find(job));
}

void Heard(Turn& turn, Worker& worker) {
  turn.state.workers.RenewLease(worker, turn.now, turn.state.limits.lease_ms);
}

// `attempts` are named by the worker but do not run as far as the core knows: either they
// succeeded and the acknowledgement did not arrive, or they were given up.
void SettleUnknownAttempts(Turn& turn, const Worker& worker, std::vector<AttemptId> attempts) {
  std::vector<AttemptId> succeeded;
  for (const auto& [key, finished] : worker.finished) {
    for (const std::uint32_t index : finished.tasks) {
      const Task& task = turn.state.task({key.first, key.second, index});
      if (task.state == TaskState::kSucceeded && task.worker == worker.id &&
          std::binary_search(attempts.begin(), attempts.end(), task.attempt)) {
        succeeded.push_back(task.attempt);
      }
    }
  }
  std::sort(succeeded.begin(), succeeded.end());
  for (const AttemptId attempt : attempts) {
    if (std::binary_search(succeeded.begin(), succeeded.end(), attempt)) {
      turn.Do(AcknowledgeReport{worker.id, attempt});
    } else {
      turn.Do(CancelAttempt{worker.id, attempt});
    }
  }
}

// Of the jobs that the worker holds something of.
void DropEndedJobs(Turn& turn, const Worker& worker, std::vector<JobId> jobs) {
  std::erase_if(jobs, [&](JobId id) {
    const Job* job = turn.state.jobs.Find(id);
    return job != nullptr && !job->is_final();
  });
  if (!jobs.empty()) turn.Do(DropJobs{worker.id, std::move(jobs)});
}

// The instance is live and goes on under its id.
void Reattach(Turn& turn, Worker& worker, const WorkerRegistered& event) {
  turn.state.workers.Connect(worker);
  Heard(turn, worker);
  turn.Do(AcceptWorker{worker.id, worker.instance, false});

  std::vector<AttemptId> listed = event.running;
  std::sort(listed.begin(), listed.end());
  listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
  std::vector<AttemptId> missing, unknown;
  std::set_difference(worker.running.begin(), worker.running.end(), listed.begin(), listed.end(),
                      std::back_inserter(missing));
  std::set_difference(listed.begin(), listed.end(), worker.running.begin(), worker.running.end(),
                      std::back_inserter(unknown));
  LoseAttempts(turn, missing, fmt::format("worker {} does not run it", worker.name));
  if (!unknown.empty()) SettleUnknownAttempts(turn, worker, std::move(unknown));
  DropEndedJobs(turn, worker, event.jobs);
  turn.release_candidates.push_back(worker.id);
}

bool DescribesTheSame(const Worker& worker, const WorkerRegistered& event) {
  return worker.name == event.name && worker.resources == event.resources &&
         worker.shuffle_address == event.shuffle_address &&
         worker.spill_directory == event.spill_directory;
}

}  // namespace

void OnEvent(Turn& turn, const WorkerRegistered& event) {
  WorkerPool& workers = turn.state.workers;
  if (Worker* known = workers.FindInstance(event.instance); known != nullptr) {
    if (DescribesTheSame(*known, event)) {
      Reattach(turn, *known, event);
      return;
    }
    LoseWorker(turn, known->id, "came back with another address or other resources");
  }
  const WorkerId id = workers.next_id();
  turn.Decide(WorkerJoinedRecord{id, event.instance, event.name, event.resources,
                                 event.shuffle_address, event.spill_directory});
  Worker& worker = *workers.Find(id);
  workers.Connect(worker);
  Heard(turn, worker);
  turn.Do(AcceptWorker{id, event.instance, true});
}

void OnEvent(Turn& turn, const WorkerHeartbeat& event) {
  Worker* worker = turn.state.workers.Find(event.worker);
  if (worker == nullptr) return;
  Heard(turn, *worker);
  if (worker->short_of_disk != event.short_of_disk) {
    turn.state.workers.SetShortOfDisk(*worker, event.short_of_disk);
    turn.Do(NoteDiskSpace{worker->id, event.short_of_disk});
  }
  for (const WorkerHeartbeat::Progress& progress : event.progress) {
    const auto found = turn.state.running.find(progress.attempt);
    if (found == turn.state.running.end() || found->second.worker != event.worker) continue;
    found->second.records = progress.records;
    found->second.done_ppm = progress.done_ppm;
    StopIfOverdue(turn, progress.attempt, found->second, progress.run_ms);
    if (progress.cut_at) TakeCut(turn, progress.attempt, *progress.cut_at);
  }
}

void OnEvent(Turn& turn, const WorkerDisconnected& event) {
  if (Worker* worker = turn.state.workers.Find(event.worker)) {
    turn.state.workers.Disconnect(*worker);
  }
}

void OnEvent(Turn& turn, const WorkerDraining& event) {
  Worker* worker = turn.state.workers.Find(event.worker);
  if (worker == nullptr) return;
  Heard(turn, *worker);
  if (!worker->draining) turn.Decide(WorkerDrainedRecord{event.worker});
  turn.release_candidates.push_back(event.worker);
}

void OnEvent(Turn& turn, const WorkerLeft& event) {
  if (turn.state.workers.Find(event.worker) == nullptr) return;
  LoseWorker(turn, event.worker, "left");
}

void OnEvent(Turn& turn, const CoordinatorStalled&) {
  turn.state.workers.RenewAllLeases(turn.now, turn.state.limits.lease_ms);
}

void OnEvent(Turn& turn, const Tick&) {
  // Only here: leases are judged once everything that was heard before has been stepped.
  const WorkerPool& workers = turn.state.workers;
  for (auto [end, id] = workers.first_lease(); end <= turn.now && id;
       std::tie(end, id) = workers.first_lease()) {
    LoseWorker(turn, id,
               fmt::format("was not heard for {} s", turn.state.limits.lease_ms / 1'000.0));
  }
  EndHolds(turn);  // likewise: who resumes in time is heard, though the coordinator stood still
}

}  // namespace gristmill::coordinator
