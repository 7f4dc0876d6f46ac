// The state as few records, in an order in which they can be folded: workers, jobs (those that have
// not ended, then the others in the order in which they ended), what the workers finished, ids.
// Restored records put in place what a long history led to; ordinary ones say the rest.
#include <algorithm>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/coordinator_state.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kTasksPerRecord = 65'536;

using Take = std::function<bool(const Record&)>;

StageRestoredRecord RecordOf(JobId job, std::uint32_t index, const Stage& stage) {
  return {.job = job,
          .stage = index,
          .succeeded = stage.succeeded,
          .left_out = stage.left_out,
          .attempts_failed = stage.attempts_failed,
          .outputs_lost = stage.outputs_lost,
          .copies_started = stage.copies_started,
          .version = stage.version,
          .next_fresh = stage.queue.next_fresh(),
          .avoided_workers = {stage.avoided_workers.begin(), stage.avoided_workers.end()},
          .orphaned_outputs = {stage.orphaned_outputs.begin(), stage.orphaned_outputs.end()},
          .pieces = stage.parts.pieces(),
          .ends = {stage.parts.ends().begin(), stage.parts.ends().end()},
          .bad_records = {stage.bad_records.begin(), stage.bad_records.end()}};
}

// Tasks that were never tried are as the job's submission leaves them, unless they were cut off one
// that had succeeded before.
bool TakeTasks(JobId job, std::uint32_t index, const Stage& stage, const Take& take) {
  const std::size_t taken_count =
      stage.parts.pieces().empty()
          ? std::min<std::size_t>(stage.tasks.size(), stage.queue.next_fresh())
          : stage.tasks.size();
  for (std::size_t first = 0; first < taken_count; first += kTasksPerRecord) {
    const auto begin = stage.tasks.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kTasksPerRecord, taken_count - first));
    const bool taken = take(TasksRestoredRecord{job, index, static_cast<std::uint32_t>(first),
                                                std::vector<Task>(begin, begin + count)});
    if (!taken) return false;
  }
  for (std::uint32_t task = 0; task < stage.results.size(); ++task) {
    if (stage.results[task].empty()) continue;
    if (!take(ResultRestoredRecord{{job, index, task}, stage.results[task]})) return false;
  }
  return true;
}

bool TakeStates(const Job& job, const Take& take) {
  // All stages complete: the next step was to put the output into place.
  if (job.has_output && job.incomplete_stages == 0 && job.state >= JobState::kCommitting &&
      !take(JobStateRecord{job.id, JobState::kCommitting, ""})) {
    return false;
  }
  const bool is_told = job.state <= JobState::kRunning || job.state == JobState::kCommitting;
  return is_told || take(JobStateRecord{job.id, job.state, job.message});
}

bool TakeJob(const ClusterState& state, const Job& job, const Take& take) {
  const bool queued = job.state == JobState::kQueued;
  if (!take(JobSubmittedRecord{job.id, job.shape(), job.tasks_forgotten, queued})) return false;
  if (queued && !job.last_assigned) return true;  // nothing happened yet
  for (std::uint32_t index = 0; index < job.stages.size(); ++index) {
    const Stage& stage = job.stages[index];
    if (!take(RecordOf(job.id, index, stage))) return false;
    if (!TakeTasks(job.id, index, stage, take)) return false;
  }
  JobRestoredRecord rest{job.id,
                         job.last_assigned,
                         {job.participants.begin(), job.participants.end()},
                         {job.counters.begin(), job.counters.end()},
                         {}};
  rest.skipped.assign(job.skipped.begin(), job.skipped.end());
  for (const auto& [task, reason] : job.left_out_reasons) {
    rest.left_out.push_back({task.first, task.second, reason});
  }
  for (const AttemptId attempt : job.running) {
    if (state.running.at(attempt).alone) rest.running_alone.push_back(attempt);
  }
  for (std::uint32_t index = 0; index < job.stages.size(); ++index) {
    for (const auto& [task, copy] : job.stages[index].copies) {
      rest.copies.push_back({index, task, copy});
    }
  }
  return take(rest) && TakeStates(job, take);
}

bool TakeWorker(const Worker& worker, const Take& take) {
  return take(WorkerJoinedRecord{worker.id, worker.instance, worker.name, worker.resources,
                                 worker.shuffle_address, worker.spill_directory}) &&
         (!worker.draining || take(WorkerDrainedRecord{worker.id}));
}

bool TakeFinished(const Worker& worker, const Take& take) {
  return std::all_of(worker.finished.begin(), worker.finished.end(), [&](const auto& entry) {
    const auto& [key, finished] = entry;
    return take(
        FinishedRestoredRecord{worker.id, key.first, key.second, finished.held, finished.tasks});
  });
}

}  // namespace

bool Coordinator::Snapshot(const Take& take) const {
  const auto& workers = state_->workers.live();
  for (const auto& [id, worker] : workers) {
    if (!TakeWorker(worker, take)) return false;
  }
  for (const auto& [id, job] : state_->jobs.all()) {
    if (!job.is_final() && !TakeJob(*state_, job, take)) return false;
  }
  for (const JobId id : state_->jobs.ended()) {
    if (!TakeJob(*state_, *state_->jobs.Find(id), take)) return false;
  }
  for (const auto& [id, worker] : workers) {
    if (!TakeFinished(worker, take)) return false;
  }
  return take(
      IdsRestoredRecord{state_->jobs.next_id(), state_->workers.next_id(), state_->next_attempt});
}

}  // namespace gristmill::coordinator
