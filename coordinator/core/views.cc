// Queries: read-only, outside the deterministic path.
#include <iterator>

#include "base/check.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/coordinator_state.h"

namespace gristmill::coordinator {
namespace {

StageView ViewOf(const Stage& stage) {
  return {.tasks = stage.task_count(),
          .succeeded = stage.succeeded,
          .left_out = stage.left_out,
          .running = stage.running,
          .attempts_failed = stage.attempts_failed,
          .outputs_lost = stage.outputs_lost,
          .copies_started = stage.copies_started,
          .tasks_cut = stage.parts.pieces().size()};
}

WorkerView ViewOf(const Worker& worker) {
  WorkerView view{.id = worker.id,
                  .instance = worker.instance,
                  .name = worker.name,
                  .shuffle_address = worker.shuffle_address,
                  .spill_directory = worker.spill_directory,
                  .resources = worker.resources,
                  .slots_used = worker.resources.slots - worker.free_slots(),
                  .memory_bytes_used = worker.used.memory_bytes,
                  .gpus_used = static_cast<std::uint32_t>(worker.used.gpus),
                  .reserved_for = worker.reserved_for,
                  .attempts = static_cast<std::uint32_t>(worker.running.size()),
                  .state = WorkerState::kReady,
                  .last_heard = worker.last_heard,
                  .pace = worker.pace,
                  .slow = worker.is_slow(),
                  .quarantine_end = worker.quarantine_end,
                  .why_quarantined = worker.evidence};
  if (!worker.connected) {
    view.state = WorkerState::kDisconnected;
  } else if (worker.draining) {
    view.state = WorkerState::kDraining;
  } else if (worker.short_of_disk) {
    view.state = WorkerState::kShortOfDisk;
  } else if (worker.is_quarantined()) {
    view.state = WorkerState::kQuarantined;
  }
  return view;
}

const Stage* FindStage(const ClusterState& state, JobId id, std::uint32_t stage) {
  const Job* job = state.jobs.Find(id);
  return job != nullptr && stage < job->stages.size() ? &job->stages[stage] : nullptr;
}

}  // namespace

std::vector<JobId> Coordinator::jobs() const {
  std::vector<JobId> ids;
  for (const auto& [id, job] : state_->jobs.all()) ids.push_back(id);
  return ids;
}

std::optional<JobView> Coordinator::job(JobId id) const {
  const Job* job = state_->jobs.Find(id);
  if (job == nullptr) return std::nullopt;
  JobView view{.id = job->id,
               .name = job->name,
               .state = job->state,
               .message = job->message,
               .stages = {},
               .counters = {},
               .tasks_forgotten = job->tasks_forgotten,
               .hold_end = job->hold_end};
  for (const Stage& stage : job->stages) view.stages.push_back(ViewOf(stage));
  view.counters.assign(job->counters.begin(), job->counters.end());
  const auto skipped = job->counters.find(std::string(kSkippedCounter));
  if (skipped != job->counters.end()) view.records_skipped = skipped->second;
  if (job->state == JobState::kRunning && job->HasRunnableTask()) {
    if (!job->needs.is_plain() && state_->workers.able_count(job->needs) == 0) {
      view.why_none_suffices = WhyNoneSuffices(job->needs);
    } else {
      view.lacks_room = state_->workers.ready_count(job->needs) > 0 &&
                        state_->workers.offers(job->needs, false).empty();
    }
  }
  if (job->state == JobState::kQueued) {
    const auto& queued = state_->jobs.queued();
    view.jobs_ahead = state_->jobs.started() +
                      static_cast<std::size_t>(std::distance(queued.begin(), queued.find(id)));
  }
  return view;
}

std::string Coordinator::WhyNoneSuffices(const TaskNeeds& needs) const {
  std::vector<WorkerResources> workers;
  for (const auto& [id, worker] : state_->workers.live()) {
    if (worker.draining) continue;
    if (worker.resources.Suffice(needs)) return {};
    workers.push_back(worker.resources);
  }
  return coordinator::WhyNoneSuffices(needs, workers);
}

std::vector<LeftOutTask> Coordinator::left_out_tasks(JobId id) const {
  std::vector<LeftOutTask> left_out;
  const Job* job = state_->jobs.Find(id);
  if (job == nullptr || job->left_out() == 0) return left_out;
  for (std::uint32_t index = 0; index < job->stages.size(); ++index) {
    const Stage& stage = job->stages[index];
    for (std::uint32_t task = 0; stage.left_out > 0 && task < stage.tasks.size(); ++task) {
      if (stage.tasks[task].state != TaskState::kLeftOut) continue;
      const auto reason = job->left_out_reasons.find({index, task});
      left_out.push_back({{id, index, task},
                          stage.parts.of(task),
                          reason == job->left_out_reasons.end() ? "" : reason->second});
    }
  }
  return left_out;
}

LoadView Coordinator::load() const {
  const JobTable& jobs = state_->jobs;
  return {jobs.started(), jobs.queued().size(), jobs.holds().size(), jobs.live_tasks()};
}

bool Coordinator::was_forgotten(JobId id) const {
  return id && id < state_->jobs.next_id() && state_->jobs.Find(id) == nullptr;
}

std::optional<TaskView> Coordinator::task(const TaskRef& ref) const {
  const Stage* stage = FindStage(*state_, ref.job, ref.stage);
  if (stage == nullptr || ref.task >= stage->tasks.size()) return std::nullopt;
  const Task& task = stage->tasks[ref.task];
  return TaskView{task.state, task.attempt, task.worker, task.failures, stage->parts.of(ref.task)};
}

std::optional<TaskRef> Coordinator::task_of(AttemptId attempt, WorkerId worker) const {
  const auto found = state_->running.find(attempt);
  if (found == state_->running.end() || found->second.worker != worker) return std::nullopt;
  return found->second.task;
}

std::vector<AttemptView> Coordinator::attempts(JobId id) const {
  std::vector<AttemptView> views;
  const Job* job = state_->jobs.Find(id);
  if (job == nullptr) return views;
  for (const AttemptId attempt : job->running) {
    const RunningAttempt& running = state_->running.at(attempt);
    views.push_back(
        {attempt, running.task, running.worker, running.since, running.records, running.done_ppm});
  }
  return views;
}

std::vector<WorkerView> Coordinator::workers() const {
  std::vector<WorkerView> views;
  for (const auto& [id, worker] : state_->workers.live()) views.push_back(ViewOf(worker));
  return views;
}

std::optional<WorkerView> Coordinator::worker(WorkerId id) const {
  const Worker* worker = state_->workers.Find(id);
  if (worker == nullptr) return std::nullopt;
  return ViewOf(*worker);
}

std::vector<Coordinator::OutputLocation> Coordinator::stage_outputs(JobId job,
                                                                    std::uint32_t stage) const {
  std::vector<OutputLocation> outputs;
  const Stage* found = FindStage(*state_, job, stage);
  if (found == nullptr) return outputs;
  outputs.reserve(found->succeeded);
  if (found->tasks.empty()) return outputs;
  for (const std::uint32_t index : found->parts.InInputOrder()) {
    const Task& task = found->tasks[index];
    if (task.state == TaskState::kSucceeded) outputs.push_back({index, task.attempt, task.worker});
  }
  return outputs;
}

const SkippedRecords& Coordinator::skipped_records(JobId id) const {
  static const SkippedRecords kNone;
  const Job* job = state_->jobs.Find(id);
  return job == nullptr ? kNone : job->skipped;
}

DurationMs Coordinator::limit_by_median(JobId id, std::uint32_t stage) const {
  const Stage* found = FindStage(*state_, id, stage);
  return found == nullptr ? kNoLimit
                          : LimitByMedian(found->run_times, state_->jobs.Find(id)->timeout_percent);
}

std::uint64_t Coordinator::stage_version(JobId job, std::uint32_t stage) const {
  const Stage* found = FindStage(*state_, job, stage);
  return found == nullptr ? 0 : found->version;
}

std::vector<std::string> Coordinator::stage_results(JobId job, std::uint32_t stage) const {
  const Stage* found = FindStage(*state_, job, stage);
  if (found == nullptr) return {};
  std::vector<std::string> results = found->results;
  results.resize(found->task_count());  // a task's result may be empty, and all of them
  return results;
}

}  // namespace gristmill::coordinator
