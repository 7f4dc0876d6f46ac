#include "coordinator/core/checked_core_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

#include "base/attempt_limits.h"

namespace gristmill::coordinator {
namespace {

constexpr int kStepsPerSnapshot = 7;

std::uint64_t Length(const TaskPart& part) {
  return std::min(part.end, CheckedCore::kSplitLength) - part.begin;
}

bool IsComplete(const JobView& job, std::uint32_t stage) {
  return job.stages[stage].succeeded + job.stages[stage].left_out == job.stages[stage].tasks;
}

}  // namespace

CheckedCore::Seen& CheckedCore::Seen::operator+=(const Seen& other) {
  ahead += other.ahead;
  queued += other.queued;
  copies += other.copies;
  alone += other.alone;
  cuts += other.cuts;
  skips += other.skips;
  wide += other.wide;
  reserved += other.reserved;
  left_out += other.left_out;
  suspended += other.suspended;
  resumed += other.resumed;
  successes += other.successes;
  return *this;
}

std::uint64_t CheckedCore::LengthOf(const TaskRef& task) const {
  return Length(core_.task(task)->part);
}

std::vector<Action> CheckedCore::Step(const Event& event, Instant now) {
  Output output = core_.Step(event, now);
  for (const Record& record : output.records) {
    journal_.push_back(record);
    shadow_->Apply(record);
    std::visit([this](const auto& typed) { Note(typed); }, record);
  }
  if (++steps_ % kStepsPerSnapshot == 0) RestoreShadow();
  return std::move(output.actions);
}

void CheckedCore::Note(const AttemptAssignedRecord& assigned) {
  int others = 0;
  for (const auto& [id, running] : running_) {
    if (running.task != assigned.task) continue;
    ++others;
    EXPECT_NE(running.worker, assigned.worker) << "both attempts of a task on one worker";
  }
  EXPECT_LE(others, 1) << "three attempts of one task run";
  EXPECT_FALSE(suspended_.contains(assigned.task.job)) << "an attempt of a suspended job starts";
  seen_.copies += others > 0;
  EXPECT_EQ(assigned.alone, lonely_.contains(assigned.task));
  seen_.alone += assigned.alone;
  seen_.wide += NeedsOf(assigned.task.job).is_wide();
  running_[assigned.attempt] = {assigned.task, assigned.worker, assigned.alone};
}

void CheckedCore::Note(const AttemptSucceededRecord& succeeded) {
  const TaskRef task = running_.at(succeeded.attempt).task;
  running_.erase(succeeded.attempt);
  lonely_.erase(task);
  died_at_.erase(task);
  for (const auto& [id, running] : running_) {
    EXPECT_NE(running.task, task) << "an attempt of a finished task runs on";
  }
  ever_succeeded_.insert(task);
  const TaskPart part = core_.task(task)->part;
  EXPECT_EQ(read_by_.at(succeeded.attempt), Length(part)) << "not what the task is to read";
  ++seen_.successes;
}

void CheckedCore::Note(const AttemptEndedRecord& ended) {
  if (ended.bad_record) {
    auto& [offset, times] = died_at_[running_.at(ended.attempt).task];
    times = times > 0 && offset == *ended.bad_record ? times + 1 : 1;
    offset = *ended.bad_record;
  }
  if (ended.run_alone) lonely_.insert(running_.at(ended.attempt).task);
  EXPECT_EQ(running_.erase(ended.attempt), 1u);
}

void CheckedCore::Note(const TaskCutRecord& cut) {
  const std::uint32_t piece = pieces_[{cut.task.job, cut.task.stage}]++ +
                              shapes_[cut.task.job.value() - 1].stages[cut.task.stage].task_count;
  if (ever_succeeded_.contains(cut.task)) {
    counted_before_.insert({cut.task.job, cut.task.stage, piece});
    ever_succeeded_.insert({cut.task.job, cut.task.stage, piece});
  }
  ++seen_.cuts;
}

void CheckedCore::Note(const RecordSkippedRecord& skipped) {
  const JobShape& shape = shapes_[skipped.task.job.value() - 1];
  EXPECT_TRUE(skipped_[skipped.task.job].insert(skipped.record).second);
  EXPECT_LE(skipped_[skipped.task.job].size(), shape.skip_bad_records);
  EXPECT_EQ(died_at_[skipped.task], (std::pair(skipped.record.offset, 2)));
  EXPECT_EQ(core_.task(skipped.task)->failures, 0u);
  EXPECT_FALSE(ever_succeeded_.contains(skipped.task)) << "it may be in finished output";
  for (const auto& [id, running] : running_) EXPECT_NE(running.task, skipped.task);
  died_at_.erase(skipped.task);
  ++seen_.skips;
}

void CheckedCore::Note(const TaskLeftOutRecord& left_out) {
  const TaskRef& task = left_out.task;
  const JobShape& shape = shapes_[task.job.value() - 1];
  EXPECT_FALSE(ever_succeeded_.contains(task)) << "it may be in finished output";
  for (const auto& [id, running] : running_) EXPECT_NE(running.task, task);
  EXPECT_TRUE(left_out_.insert(task).second);
  const auto of_job = std::ranges::count(left_out_, task.job, &TaskRef::job);
  const auto of_stage = std::ranges::count_if(left_out_, [&](const TaskRef& other) {
    return other.job == task.job && other.stage == task.stage;
  });
  EXPECT_LT(of_stage, shape.stages[task.stage].task_count) << "nothing of it would be left";
  if (shape.halt.percent > 0) {
    EXPECT_LT(of_stage * 100, shape.halt.percent * shape.stages[task.stage].task_count);
  } else {
    EXPECT_LT(of_job, shape.halt.failures);
  }
  ++seen_.left_out;
}

void CheckedCore::Note(const JobStateRecord& changed) {
  if (changed.state == JobState::kSuspended) {
    EXPECT_TRUE(suspended_.insert(changed.job).second);
    for (const auto& [id, running] : running_) EXPECT_NE(running.task.job, changed.job);
    ++seen_.suspended;
  } else if (suspended_.erase(changed.job) > 0 && changed.state <= JobState::kRunning) {
    resumed_.insert(changed.job);
    std::erase_if(died_at_, [&](const auto& died) { return died.first.job == changed.job; });
    ++seen_.resumed;
  }
}

void CheckedCore::CheckWorker(const WorkerView& worker) {
  ResourcesUsed used;
  std::set<JobId> jobs;
  bool lonely = false;
  std::uint32_t attempts = 0;
  for (const auto& [attempt, assigned] : running_) {
    if (assigned.worker != worker.id) continue;
    ++attempts;
    used += NeedsOf(assigned.task.job);
    jobs.insert(assigned.task.job);
    lonely = lonely || assigned.alone;
    EXPECT_TRUE(worker.resources.Suffice(NeedsOf(assigned.task.job)));
  }
  EXPECT_EQ(worker.attempts, attempts);
  const std::uint32_t slots = worker.resources.slots;
  // More than the slots wait in one runner, which has a thread per slot; two would share them.
  if (used.cpus > slots) {
    EXPECT_TRUE(jobs.size() == 1 && !lonely && NeedsOf(*jobs.begin()).takes_one_slot());
  }
  EXPECT_LE(attempts, slots + AttemptsAheadMax(slots));
  EXPECT_EQ(worker.slots_used, std::min<std::uint64_t>(used.cpus, slots));
  EXPECT_EQ(worker.memory_bytes_used, used.memory_bytes);
  EXPECT_LE(used.memory_bytes, worker.resources.memory_bytes);
  EXPECT_EQ(worker.gpus_used, used.gpus);
  EXPECT_LE(used.gpus, worker.resources.gpus);
  seen_.ahead += used.cpus > slots;
  if (!worker.reserved_for) return;
  ++seen_.reserved;
  EXPECT_EQ(worker.state == WorkerState::kReady || worker.state == WorkerState::kShortOfDisk, true);
  EXPECT_EQ(core_.job(worker.reserved_for)->state, JobState::kRunning);
}

// Beside what is kept for others.
bool CheckedCore::HasRoomFor(const JobView& job) const {
  const TaskNeeds& needs = NeedsOf(job.id);
  for (const WorkerView& worker : core_.workers()) {
    if (worker.state != WorkerState::kReady || !worker.resources.HasLabels(needs)) continue;
    ResourcesUsed taken{worker.slots_used, worker.memory_bytes_used, worker.gpus_used};
    if (worker.reserved_for && worker.reserved_for != job.id) taken += NeedsOf(worker.reserved_for);
    taken += needs;
    if (taken.cpus <= worker.resources.slots && taken.gpus <= worker.resources.gpus &&
        taken.memory_bytes <= worker.resources.memory_bytes) {
      return true;
    }
  }
  return false;
}

void CheckedCore::Check() {
  EXPECT_EQ(shadow_->Fingerprint(), core_.Fingerprint());
  for (const WorkerView& worker : core_.workers()) CheckWorker(worker);
  for (const auto& [attempt, assigned] : running_) {
    EXPECT_TRUE(core_.worker(assigned.worker).has_value());
  }
  for (const JobId job : core_.jobs()) CheckJob(job);
  CheckQueue();
}

// Jobs run in order of submission, as many as may; but that one which is resumed while so many run
// waits for one of them.
void CheckedCore::CheckQueue() {
  std::size_t running = 0, queued = 0, resumed = 0, suspended = 0;
  std::uint64_t tasks = 0;
  for (const JobId id : core_.jobs()) {
    const JobView job = *core_.job(id);
    if (job.state == JobState::kQueued) {
      EXPECT_EQ(job.jobs_ahead, core_.load().running_jobs + queued);
      ++queued;
      resumed += resumed_.contains(id);
    } else if (job.state == JobState::kRunning) {
      EXPECT_EQ(queued, resumed) << "job " << id << " runs before an earlier one";
      ++running;
    }
    suspended += job.state == JobState::kSuspended;
    EXPECT_EQ(job.hold_end != kNever, job.state == JobState::kSuspended);
    if (job.state > JobState::kCommitting) continue;
    for (const StageView& stage : job.stages) tasks += stage.tasks;
  }
  EXPECT_LE(running, limits_.running_jobs_max);
  if (running < limits_.running_jobs_max) {
    EXPECT_EQ(queued, 0u) << "though more may run";
  }
  EXPECT_EQ(core_.load().running_jobs, running);
  EXPECT_EQ(core_.load().queued_jobs, queued);
  EXPECT_EQ(core_.load().suspended_jobs, suspended);
  EXPECT_EQ(core_.load().tasks, tasks);
  seen_.queued += queued;
}

void CheckedCore::CheckJob(JobId id) {
  const JobView job = *core_.job(id);
  if (job.tasks_forgotten) {
    EXPECT_FALSE(core_.task({id, 0, 0}).has_value());
    return;
  }
  const bool has_room = HasRoomFor(job);
  std::uint64_t counted = 0;
  for (std::uint32_t s = 0; s < job.stages.size(); ++s) {
    std::uint32_t succeeded = 0, running = 0, left_out = 0;
    for (std::uint32_t t = 0; t < job.stages[s].tasks; ++t) {
      const TaskView task = *core_.task({id, s, t});
      succeeded += task.state == TaskState::kSucceeded;
      running += task.state == TaskState::kRunning;
      left_out += task.state == TaskState::kLeftOut;
      EXPECT_EQ(task.state == TaskState::kLeftOut, left_out_.contains({id, s, t}));
      counted += ever_succeeded_.contains({id, s, t}) && !counted_before_.contains({id, s, t});
      if (task.state == TaskState::kRunning) {
        EXPECT_EQ(running_.at(task.attempt).task, (TaskRef{id, s, t}));
      }
      if (task.state == TaskState::kWaiting && task.failures == 0) {
        EXPECT_FALSE(has_room && IsRunnable(job, s))
            << "a slot is idle while stage " << s << " waits";
      }
    }
    EXPECT_EQ(job.stages[s].succeeded, succeeded);
    EXPECT_EQ(job.stages[s].running, running);
    EXPECT_EQ(job.stages[s].left_out, left_out);
    EXPECT_EQ(core_.stage_outputs(id, s).size(), succeeded);
  }
  Counters expected = counted > 0 ? Counters{{"n", counted}} : Counters{};
  if (!skipped_[id].empty()) expected.emplace_back(kSkippedCounter, skipped_[id].size());
  if (job.state <= JobState::kCommitting) {
    std::set<InputRecord> told;
    for (const auto& [record, skip] : core_.skipped_records(id)) told.insert(record);
    EXPECT_EQ(told, skipped_[id]);
  }
  EXPECT_EQ(job.counters, expected);
}

bool CheckedCore::IsRunnable(const JobView& job, std::uint32_t stage) const {
  if (job.state != JobState::kRunning) return false;
  for (const EdgeShape& edge : shapes_[job.id.value() - 1].stages[stage].inputs) {
    if (!IsComplete(job, edge.from_stage)) return false;
  }
  return true;
}

void CheckedCore::CheckUpstream(const TaskRef& task) const {
  for (const EdgeShape& edge : shapes_[task.job.value() - 1].stages[task.stage].inputs) {
    const auto outputs = core_.stage_outputs(task.job, edge.from_stage);
    const StageView stage = core_.job(task.job)->stages[edge.from_stage];
    EXPECT_EQ(outputs.size(), stage.tasks - stage.left_out);
    if (edge.kind == EdgeKind::kBroadcast) {
      const auto results = core_.stage_results(task.job, edge.from_stage);
      EXPECT_EQ(std::ranges::count(results, "result"), outputs.size());
      continue;
    }
    CheckTiling(task.job, edge.from_stage);
    for (const auto& output : outputs) EXPECT_TRUE(core_.worker(output.worker).has_value());
  }
}

// In their order the outputs are of everything that the plan has, each part once.
void CheckedCore::CheckTiling(JobId job, std::uint32_t stage) const {
  const std::uint32_t planned_count = shapes_[job.value() - 1].stages[stage].task_count;
  std::uint32_t planned = 0;
  std::uint64_t at = 0;
  for (const auto& output : core_.stage_outputs(job, stage)) {
    const TaskPart part = core_.task({job, stage, output.task})->part;
    // A stage of which tasks may be left out is not cut.
    while (left_out_.contains({job, stage, planned})) ++planned;
    EXPECT_EQ(part.planned, planned);
    EXPECT_EQ(part.begin, at);
    at += read_by_.at(output.attempt);
    if (at < kSplitLength) continue;
    EXPECT_EQ(at, kSplitLength);
    at = 0;
    ++planned;
  }
  while (left_out_.contains({job, stage, planned})) ++planned;
  EXPECT_EQ(planned, planned_count);
}

bool CheckedCore::HoldsNeededOutput(WorkerId worker) const {
  for (const JobId id : core_.jobs()) {
    const JobView job = *core_.job(id);
    if (job.state == JobState::kSuspended || job.state > JobState::kCommitting) continue;
    const auto& stages = shapes_[id.value() - 1].stages;
    for (std::uint32_t reader = 0; reader < stages.size(); ++reader) {
      if (IsComplete(job, reader)) continue;
      for (const EdgeShape& edge : stages[reader].inputs) {
        if (edge.kind == EdgeKind::kBroadcast) continue;
        for (const auto& output : core_.stage_outputs(id, edge.from_stage)) {
          if (output.worker == worker) return true;
        }
      }
    }
  }
  return false;
}

bool CheckedCore::AllJobsEnded() const {
  for (const JobId job : core_.jobs()) {
    if (core_.job(job)->state <= JobState::kCommitting) return false;
  }
  return true;
}

// From here on the shadow is what a restart with a compacted journal would have made of it.
void CheckedCore::RestoreShadow() {
  shadow_ = std::make_unique<Coordinator>(limits_);
  core_.Snapshot([&](const Record& record) {
    shadow_->Apply(record);
    return true;
  });
}

void CheckedCore::CheckRefolded() const {
  Coordinator fresh{limits_};
  for (const Record& record : journal_) fresh.Apply(record);
  EXPECT_EQ(fresh.Fingerprint(), core_.Fingerprint());
}

// Of jobs that ended no more are kept than may be.
void CheckedCore::CheckForgotten() const {
  EXPECT_LE(core_.jobs().size(), limits_.ended_jobs_max);
  std::uint64_t tasks = 0;
  for (const JobId id : core_.jobs()) {
    const JobView job = *core_.job(id);
    if (job.tasks_forgotten) continue;
    for (const StageView& stage : job.stages) tasks += stage.tasks;
  }
  EXPECT_LE(tasks, limits_.ended_tasks_max);
}

}  // namespace gristmill::coordinator
