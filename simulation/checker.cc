#include "simulation/checker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/attempt_limits.h"
#include "base/xoshiro.h"
#include "simulation/bad_records.h"

namespace gristmill::simulation {

using coordinator::JobState;

std::uint64_t CountOf(const TaskRef& task) {
  const std::uint64_t name = task.job.value() * 1'000'003 + task.stage * 10'007 + task.task;
  return 1 + Xoshiro::Scramble(name) % 100;
}

void Checker::Fail(std::string sentence) {
  if (violation_.empty()) violation_ = std::move(sentence);
}

void Checker::OnProcessStarted(const std::string& instance, std::uint32_t process,
                               const coordinator::WorkerResources& resources) {
  processes_[instance] = {process, resources};
}

void Checker::OnCancelAsked(JobId job) {
  if (JobModel* model = Job(job)) model->cancel_asked = true;
}

void Checker::OnSuspendAsked(JobId job) {
  if (JobModel* model = Job(job)) model->suspend_asked = true;
}

void Checker::OnCommitFailed(JobId job) {
  if (JobModel* model = Job(job)) model->commit_failed = true;
}

void Checker::OnFetchFailed(const FetchFailedDetails& details) {
  for (const auto& [task, attempt] : details.missing) data_->Trace(attempt).missed = true;
}

void Checker::OnDiedAt(AttemptId attempt, std::uint64_t offset) {
  const TaskRef ref = data_->Trace(attempt).task;
  JobModel& job = *Job(ref.job);
  const coordinator::InputRecord record{InputPath(ref.stage, Task(ref)->planned), offset};
  ++job.deaths[record];
  const auto skipped = job.skipped.find(record);
  if (skipped == job.skipped.end() || attempt <= skipped->second) return;
  Fail(fmt::format("attempt {} died at record {} of {}, which was to be skipped", attempt.value(),
                   offset, record.path));
}

void Checker::OnFetchFailureTaken(AttemptId reader, const std::vector<TaskRef>& lost) {
  fetch_failures_[reader] = lost;
}

void Checker::OnLeaseEnded(WorkerId worker, DurationMs silent_ms, DurationMs lease_ms) {
  if (silent_ms >= lease_ms) return;
  Fail(fmt::format("worker {} was given up {} ms after it was heard, within its lease of {} ms",
                   worker.value(), silent_ms, lease_ms));
}

// --- What the coordinator says -------------------------------------------------------------------

void Checker::OnStartSpoken(AttemptId attempt, const TaskRef& task, WorkerId worker) {
  const AttemptTrace* trace = data_->Find(attempt);
  if (trace == nullptr || !trace->known || trace->task != task || trace->assigned_to != worker) {
    Fail(fmt::format("worker {} was told to start attempt {} before that was in the journal",
                     worker.value(), attempt.value()));
  }
}

void Checker::OnAcknowledgementSpoken(AttemptId attempt, WorkerId worker) {
  const WorkerModel* model = Worker(worker);
  if (model == nullptr) return;
  if (std::find(model->running.begin(), model->running.end(), attempt) != model->running.end()) {
    Fail(fmt::format("the report of attempt {} was acknowledged before it was in the journal",
                     attempt.value()));
  }
}

void Checker::OnJobSpoken(JobId job) {
  if (Job(job) == nullptr) {
    Fail(fmt::format("job {} was confirmed before it was in the journal", job.value()));
  }
}

void Checker::OnJobEndSpoken(JobId job) {
  if (!IsFinal(job)) {
    Fail(fmt::format("a worker heard of the end of job {} before it was in the journal",
                     job.value()));
  }
}

void Checker::OnReleaseSpoken(WorkerId id) {
  const WorkerModel* worker = Worker(id);
  bool keeps = worker == nullptr || !worker->running.empty();
  for (const JobModel& job : jobs_) {
    // Between its suspension and this the job may have been resumed.
    if (job.state != JobState::kRunning || job.was_suspended) continue;
    for (std::uint32_t stage = 0; stage < job.stages.size(); ++stage) {
      if (!IsNeeded(job, stage)) continue;
      for (const TaskModel& task : job.stages[stage].tasks) {
        keeps |= task.state == State::kSucceeded && data_->Find(task.attempt)->assigned_to == id;
      }
    }
  }
  if (keeps) Fail(fmt::format("worker {} may leave though something needs it", id.value()));
}

void Checker::OnCommitSpoken(JobId id, const std::vector<AttemptId>& winners) {
  JobModel* job = Job(id);
  if (job == nullptr || job->state < JobState::kCommitting) {
    return Fail(fmt::format("the output of job {} was committed before that was in the journal",
                            id.value()));
  }
  const auto& tasks = job->stages.back().tasks;
  const auto same = [](const TaskModel& task, AttemptId winner) {
    return task.attempt == winner && (task.state == State::kLeftOut) == !winner;
  };
  if (!std::equal(tasks.begin(), tasks.end(), winners.begin(), winners.end(), same)) {
    Fail(fmt::format("the commit of job {} names an attempt that did not succeed", id.value()));
  }
  if (!job->winners.empty() && job->winners != winners) {
    Fail(fmt::format("two commits of job {} name different attempts", id.value()));
  }
  job->winners = winners;
}

// --- What the workers do -------------------------------------------------------------------------

void Checker::OnRunnerStartsAttempt(AttemptId attempt) {
  const AttemptTrace* trace = data_->Find(attempt);
  if (trace == nullptr || !trace->known) {
    Fail(fmt::format("attempt {} runs, but the journal has no such attempt", attempt.value()));
  } else if (trace->finished) {
    Fail(fmt::format("attempt {} runs again after it finished", attempt.value()));
  }
}

void Checker::OnRead(AttemptId reader, const Sources& sources) {
  if (std::exchange(sources.commits_checked, true)) return;
  for (std::size_t i = 0; i < sources.attempts.size(); ++i) {
    const AttemptId attempt = sources.attempts[i];
    const std::uint32_t task = sources.tasks[i];
    const AttemptTrace* trace = data_->Find(attempt);
    const TaskRef expected{sources.job, sources.stage, task};
    if (trace != nullptr && trace->committed && trace->task == expected) continue;
    return Fail(
        fmt::format("attempt {} reads attempt {} of job {} stage {} task {}, which did not commit",
                    reader.value(), attempt.value(), sources.job.value(), sources.stage, task));
  }
  CheckTiling(reader, sources);
}

void Checker::CheckTiling(AttemptId reader, const Sources& sources) {
  const JobModel& job = *Job(sources.job);
  std::uint32_t planned = 0;
  std::uint64_t at = 0;  // of the planned split
  for (std::size_t i = 0; i < sources.attempts.size(); ++i) {
    const TaskModel& task = *Task({sources.job, sources.stage, sources.tasks[i]});
    // A stage of which tasks may be left out is not cut.
    const auto is_left_out = [&] {
      return planned < job.shape.stages[sources.stage].task_count &&
             Task({sources.job, sources.stage, planned})->state == State::kLeftOut;
    };
    while (is_left_out()) ++planned;
    const AttemptTrace& trace = *data_->Find(sources.attempts[i]);
    if (task.planned != planned || trace.begin != at) {
      return Fail(
          fmt::format("attempt {} of job {} reads what stage {} made of [{}, {}) of split {} "
                      "where [{}, …) of split {} is due",
                      reader.value(), sources.job.value(), sources.stage, trace.begin, trace.end,
                      task.planned, at, planned));
    }
    at = trace.end;
    if (at < kSplitLength) continue;
    at = 0;
    ++planned;
  }
  const std::vector<TaskModel>& tasks = job.stages[sources.stage].tasks;
  while (planned < tasks.size() && tasks[planned].state == State::kLeftOut) ++planned;
  if (planned == job.shape.stages[sources.stage].task_count) return;
  Fail(fmt::format("attempt {} of job {} reads what stage {} made of {} splits only",
                   reader.value(), sources.job.value(), sources.stage, planned));
}

// --- The live state
// --------------------------------------------------------------------------------

void Checker::CheckJobs(const coordinator::Coordinator& core) {
  for (std::size_t index = 0; index < jobs_.size(); ++index) {
    const JobModel& model = jobs_[index];
    const JobId id(index + 1);
    const auto job = core.job(id);
    if (model.forgotten) {
      if (!core.was_forgotten(id)) Fail(fmt::format("job {} is back from oblivion", id.value()));
      continue;
    }
    if (!job || job->state != model.state) {
      return Fail(fmt::format("job {} has another state than its records say", id.value()));
    }
    coordinator::Counters counters;
    if (!model.skipped.empty()) {
      counters.emplace_back(coordinator::kSkippedCounter, model.skipped.size());
    }
    if (model.count > 0) counters.emplace_back(kCounterName, model.count);
    if (job->counters != counters) {
      return Fail(fmt::format(
          "the counters of job {} say {}, but each task once makes {}, and {} records "
          "were skipped",
          id.value(), fmt::join(job->counters, ", "), model.count, model.skipped.size()));
    }
    for (std::size_t stage = 0; stage < model.stages.size(); ++stage) {
      if (job->stages[stage].tasks != model.stages[stage].tasks.size() ||
          job->stages[stage].succeeded != model.stages[stage].succeeded ||
          job->stages[stage].running != model.stages[stage].running) {
        return Fail(fmt::format("job {} stage {} counts its tasks wrongly", id.value(), stage));
      }
    }
    CheckHolders(id, model);
  }
}

void Checker::CheckHolders(JobId id, const JobModel& job) {
  if (job.state >= JobState::kCommitting) return;
  for (std::uint32_t stage = 0; stage < job.stages.size(); ++stage) {
    if (!IsNeeded(job, stage)) continue;
    for (const TaskModel& task : job.stages[stage].tasks) {
      if (task.state != State::kSucceeded) continue;
      const WorkerId holder = data_->Find(task.attempt)->assigned_to;
      if (Worker(holder)->live) continue;
      return Fail(
          fmt::format("job {} needs an output of stage {} that went away with worker {}, "
                      "but it is not made again",
                      id.value(), stage, holder.value()));
    }
  }
}

void Checker::CheckWorkers(const coordinator::Coordinator& core) {
  for (const coordinator::WorkerView& worker : core.workers()) {
    const WorkerModel* model = Worker(worker.id);
    if (model == nullptr || !model->live || model->running.size() != worker.attempts ||
        worker.slots_used > worker.resources.slots) {
      return Fail(fmt::format("worker {} has {} attempts, but its records say otherwise",
                              worker.id.value(), worker.attempts));
    }
  }
}

void Checker::CheckQueue() {
  const auto running = std::count_if(jobs_.begin(), jobs_.end(), [](const JobModel& job) {
    return job.state == JobState::kRunning;
  });
  if (static_cast<std::size_t>(running) > running_jobs_max_) {
    Fail(fmt::format("{} jobs run at once, and {} may", running, running_jobs_max_));
  }
}

// The only place that says how many attempts a worker may have.
void Checker::CheckSlots(WorkerId id, const WorkerModel& worker) {
  const coordinator::WorkerResources& has = worker.process.resources;
  coordinator::ResourcesUsed used;
  for (const AttemptId attempt : worker.running) {
    const coordinator::TaskNeeds& needs = ShapeOf(data_->Find(attempt)->task.job).needs;
    used += needs;
    if (!has.Suffice(needs)) {
      return Fail(fmt::format("worker {} runs attempt {}, for which it lacks something", id.value(),
                              attempt.value()));
    }
  }
  if (used.memory_bytes > has.memory_bytes || used.gpus > has.gpus) {
    return Fail(
        fmt::format("worker {} runs tasks that take {} of its memory of {}, and {} of its "
                    "{} GPUs",
                    id.value(), used.memory_bytes, has.memory_bytes, used.gpus, has.gpus));
  }
  const std::uint32_t slots = has.slots;
  if (used.cpus <= slots) return;
  // More than the slots wait in one runner, which has a thread per slot; two would share them, as
  // would an attempt that runs alone.
  const JobId job = data_->Find(worker.running.front())->task.job;
  const bool same_job =
      std::all_of(worker.running.begin(), worker.running.end(),
                  [&](AttemptId attempt) { return data_->Find(attempt)->task.job == job; });
  const bool none_alone =
      std::none_of(worker.running.begin(), worker.running.end(),
                   [&](AttemptId attempt) { return data_->Find(attempt)->alone; });
  if (same_job && none_alone && ShapeOf(job).needs.takes_one_slot() &&
      worker.running.size() <= slots + AttemptsAheadMax(slots)) {
    return;
  }
  Fail(fmt::format("worker {} has {} attempts on {} slots", id.value(), worker.running.size(),
                   slots));
}

bool Checker::IsFinal(JobId id) const {
  return id && id.value() <= jobs_.size() && jobs_[id.value() - 1].state > JobState::kCommitting;
}

bool Checker::IsSuspended(JobId id) const {
  return id && id.value() <= jobs_.size() && jobs_[id.value() - 1].state == JobState::kSuspended;
}

bool Checker::IsLeftOut(const TaskRef& task) const {
  const auto& stages = jobs_.at(task.job.value() - 1).stages;
  return stages.at(task.stage).tasks.at(task.task).state == State::kLeftOut;
}

Checker::JobModel* Checker::Job(JobId id) {
  return id && id.value() <= jobs_.size() ? &jobs_[id.value() - 1] : nullptr;
}

Checker::WorkerModel* Checker::Worker(WorkerId id) {
  return id && id.value() <= workers_.size() ? &workers_[id.value() - 1] : nullptr;
}

Checker::TaskModel* Checker::Task(const TaskRef& ref) {
  JobModel* job = Job(ref.job);
  if (job == nullptr || ref.stage >= job->stages.size()) return nullptr;
  StageModel& stage = job->stages[ref.stage];
  return ref.task < stage.tasks.size() ? &stage.tasks[ref.task] : nullptr;
}

bool Checker::IsNeeded(const JobModel& job, std::uint32_t stage) const {
  for (std::size_t reader = stage + 1; reader < job.stages.size(); ++reader) {
    for (const coordinator::EdgeShape& edge : job.shape.stages[reader].inputs) {
      if (edge.from_stage == stage && edge.kind == coordinator::EdgeKind::kShuffle &&
          !job.stages[reader].complete()) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace gristmill::simulation
