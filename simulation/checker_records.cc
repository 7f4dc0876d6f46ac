// What each record of the journal must fit to.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "coordinator/core/job_state.h"
#include "simulation/bad_records.h"
#include "simulation/checker.h"

namespace gristmill::simulation {

using coordinator::JobState;

struct Checker::Folder {
  Checker& check;

  void operator()(const coordinator::JobSubmittedRecord& record) {
    JobModel job;
    job.shape = record.shape;
    if (record.queued) job.state = JobState::kQueued;
    for (const coordinator::StageShape& stage : record.shape.stages) {
      std::vector<TaskModel>& tasks = job.stages.emplace_back().tasks;
      tasks.resize(stage.task_count);
      for (std::uint32_t task = 0; task < stage.task_count; ++task) tasks[task].planned = task;
    }
    check.jobs_.push_back(std::move(job));
    check.CheckQueue();
  }

  void operator()(const coordinator::JobStateRecord& record) {
    JobModel& job = *check.Job(record.job);
    const bool complete = std::all_of(job.stages.begin(), job.stages.end(),
                                      [](const StageModel& stage) { return stage.complete(); });
    const auto fail = [&](const char* what) {
      check.Fail(fmt::format("job {} {} ({})", record.job.value(), what, record.message));
    };
    if (job.state > JobState::kCommitting) return fail("ended twice");
    const bool is_suspended = job.state == JobState::kSuspended;
    const bool has_failed = !job.hopeless.empty() || job.too_many_bad;
    switch (record.state) {
      case JobState::kQueued:
        if (!is_suspended) fail("went back into the queue");
        Forgive(job);
        break;
      case JobState::kSuspended:
        if (job.state != JobState::kRunning) fail("was suspended though it did not run");
        if (!job.suspend_asked && !(has_failed && job.shape.hold_ms > 0)) {
          fail("was suspended though nobody asked and no task went wrong too often");
        }
        for (const StageModel& stage : job.stages) {
          if (stage.running > 0) fail("was suspended while a task of it runs");
        }
        job.was_suspended = true;
        ++check.totals_.suspended;
        break;
      case JobState::kRunning:
        if (job.state != JobState::kQueued && !is_suspended) fail("began to run twice");
        if (is_suspended) Forgive(job);
        for (std::uint64_t id = 1; id < record.job.value(); ++id) {
          if (check.Job(JobId(id))->state == JobState::kQueued) fail("began before an earlier one");
        }
        break;
      case JobState::kCommitting:
        if (!complete) fail("commits though a task did not succeed");
        break;
      case JobState::kSucceeded:
        if (!complete) fail("succeeded though a task did not");
        if (job.shape.has_output && job.state != JobState::kCommitting) {
          fail("succeeded without a commit");
        }
        break;
      case JobState::kFailed:
        if (is_suspended || job.commit_failed) break;
        if (!has_failed) fail("failed though no task went wrong too often");
        if (job.shape.hold_ms > 0) fail("failed though it was to be suspended first");
        break;
      case JobState::kCancelled:
        if (!job.cancel_asked) fail("was cancelled though nobody asked");
        break;
    }
    job.state = record.state;
    check.CheckQueue();
  }

  // It was resumed: what waits is tried anew.
  void Forgive(JobModel& job) {
    for (StageModel& stage : job.stages) {
      for (TaskModel& task : stage.tasks) {
        if (task.state == State::kWaiting) task.failures = task.uncounted_ends = 0;
      }
    }
    job.hopeless.clear();
    job.died_at.clear();
    job.too_many_bad = false;
    ++check.totals_.resumed;
  }

  void operator()(const coordinator::WorkerJoinedRecord& record) {
    WorkerModel& worker = check.workers_.emplace_back();
    worker.process = check.processes_[record.instance];
    worker.live = true;
  }

  void operator()(const coordinator::WorkerLostRecord& record) {
    WorkerModel& worker = *check.Worker(record.worker);
    if (!worker.live || !worker.running.empty()) {
      check.Fail(fmt::format("worker {} was lost twice or with attempts", record.worker.value()));
    }
    worker.live = false;
    ++check.totals_.workers_lost;
  }

  void operator()(const coordinator::WorkerDrainedRecord& record) {
    check.Worker(record.worker)->draining = true;
  }

  void operator()(const coordinator::AttemptAssignedRecord& record) {
    const auto fail = [&](const char* what) {
      check.Fail(fmt::format("attempt {} of job {} stage {} task {} was assigned {}",
                             record.attempt.value(), record.task.job.value(), record.task.stage,
                             record.task.task, what));
    };
    const JobModel& job = *check.Job(record.task.job);
    StageModel& stage = check.Job(record.task.job)->stages[record.task.stage];
    TaskModel& task = *check.Task(record.task);
    if (job.state != JobState::kRunning) fail("though its job does not run");
    if (task.state == State::kSucceeded)
      fail("though the task is finished and its output not lost");
    const bool is_copy = task.state == State::kRunning;
    if (is_copy && stage.copies.contains(record.task.task)) fail("while two others of it run");
    if (is_copy && check.data_->Trace(task.attempt).assigned_to == record.worker) {
      fail("to the worker that runs the first one");
    }
    for (const coordinator::EdgeShape& edge : job.shape.stages[record.task.stage].inputs) {
      if (!job.stages[edge.from_stage].complete()) fail("before its input was complete");
    }
    WorkerModel& worker = *check.Worker(record.worker);
    if (!worker.live) fail("to a lost worker");
    if (worker.draining) fail("to a draining worker");
    if (is_copy) {
      ++check.totals_.copies;
      stage.copies[record.task.task] = record.attempt;
    } else {
      ++stage.running;
      task.state = State::kRunning;
      task.attempt = record.attempt;
    }
    check.last_assigned_ = record.attempt;
    AttemptTrace& trace = check.data_->Trace(record.attempt);
    if (trace.known) fail("though there was such an attempt");
    trace.task = record.task;
    trace.assigned_to = record.worker;
    trace.known = true;
    trace.alone = record.alone;
    if (record.alone != task.alone) fail("in the wrong company");
    worker.running.push_back(record.attempt);
    check.totals_.wide += job.shape.needs.is_wide();
    check.CheckSlots(record.worker, worker);
  }

  void operator()(const coordinator::AttemptSucceededRecord& record) {
    TaskModel* task = check.EndAttempt(record.attempt, "succeeded");
    if (task == nullptr) return;
    AttemptTrace& trace = check.data_->Trace(record.attempt);
    const WorkerModel& worker = *check.Worker(trace.assigned_to);
    if (!trace.finished || trace.process != worker.process.index) {
      check.Fail(fmt::format("attempt {} was committed on worker {}, which did not finish it",
                             record.attempt.value(), trace.assigned_to.value()));
    }
    if (trace.begin != task->begin || trace.end != task->end) {
      check.Fail(fmt::format(
          "attempt {} was committed for job {} stage {} task {}, which is to read [{}, {}) of its "
          "split, but it read [{}, {})",
          record.attempt.value(), trace.task.job.value(), trace.task.stage, trace.task.task,
          task->begin, task->end, trace.begin, trace.end));
    }
    StageModel& stage = check.Job(trace.task.job)->stages[trace.task.stage];
    if (stage.copies.contains(trace.task.task)) {
      check.Fail(fmt::format("attempt {} was committed while another attempt of its task runs",
                             record.attempt.value()));
    }
    --stage.running;
    trace.committed = true;
    task->state = State::kSucceeded;
    JobModel& job = *check.Job(trace.task.job);
    ++job.stages[trace.task.stage].succeeded;
    if (!task->counted) job.count += CountOf(trace.task);
    task->counted = true;
    task->alone = false;
    job.died_at.erase({trace.task.stage, trace.task.task});
    ++check.totals_.succeeded;
  }

  void operator()(const coordinator::AttemptEndedRecord& record) {
    TaskModel* task = check.EndAttempt(record.attempt, "ended");
    if (task == nullptr) return;
    const TaskRef ref = check.data_->Trace(record.attempt).task;
    JobModel& job = *check.Job(ref.job);
    StageModel& stage = job.stages[ref.stage];
    task->alone |= record.run_alone;
    if (const auto copy = stage.copies.find(ref.task); copy != stage.copies.end()) {
      if (task->attempt == record.attempt) task->attempt = copy->second;  // the other goes on
      stage.copies.erase(copy);
      task->failures += record.counts_as_failure;
    } else {
      --stage.running;
      task->attempt = AttemptId();
      task->state = State::kWaiting;
      ++(record.counts_as_failure ? task->failures : task->uncounted_ends);
    }
    if (task->failures >= job.shape.max_attempts ||
        task->uncounted_ends >= coordinator::UncountedEndsMax(job.shape.skip_bad_records)) {
      job.hopeless.insert({ref.stage, ref.task});
    }
    if (record.bad_record) NoteDeath(job, {ref.stage, ref.task}, *record.bad_record);
    const auto missing = check.fetch_failures_.find(record.attempt);
    if (missing == check.fetch_failures_.end()) return;
    for (const TaskRef& lost : missing->second) {
      const TaskModel& upstream = *check.Task(lost);
      if (upstream.state == State::kSucceeded && upstream.attempt < record.attempt) {
        check.Fail(fmt::format(
            "attempt {} missed the output of stage {} task {}, but that is not made again",
            record.attempt.value(), lost.stage, lost.task));
      }
    }
    check.fetch_failures_.erase(missing);
  }

  static void NoteDeath(JobModel& job, TaskKey task, std::uint64_t offset) {
    const auto [died_at, is_first] = job.died_at.try_emplace(task, offset);
    if (!is_first && died_at->second == offset) {
      job.too_many_bad |= job.skipped.size() >= job.shape.skip_bad_records;
    }
    died_at->second = offset;
  }

  void operator()(const coordinator::RecordSkippedRecord& record) {
    JobModel& job = *check.Job(record.task.job);
    TaskModel& task = *check.Task(record.task);
    const auto fail = [&](const char* what) {
      check.Fail(fmt::format("job {} skips record {} of {} {}", record.task.job.value(),
                             record.record.offset, record.record.path, what));
    };
    const auto bad = BadRecordsOf(record.task.job, record.task.stage, task.planned);
    if (!std::ranges::binary_search(bad, record.record.offset)) return fail("though it is not bad");
    if (job.deaths[record.record] < 2) return fail("though no task died twice at it");
    if (task.state != State::kWaiting) return fail("while another attempt reads it");
    if (!job.skipped.emplace(record.record, check.last_assigned_).second) return fail("twice");
    if (job.skipped.size() > job.shape.skip_bad_records) return fail("beyond its limit");
    task.failures = 0;
    job.died_at.erase({record.task.stage, record.task.task});
    if (task.uncounted_ends < coordinator::UncountedEndsMax(job.shape.skip_bad_records)) {
      job.hopeless.erase({record.task.stage, record.task.task});
    }
    ++check.totals_.skips;
  }

  void operator()(const coordinator::OutputLostRecord& record) {
    TaskModel& task = *check.Task(record.task);
    const auto fail = [&](const char* what) {
      check.Fail(fmt::format("the output of job {} stage {} task {} was declared lost {}",
                             record.task.job.value(), record.task.stage, record.task.task, what));
    };
    if (task.state != State::kSucceeded) return fail("though there was none");
    const AttemptTrace& trace = check.data_->Trace(task.attempt);
    if (!trace.missed && check.Worker(trace.assigned_to)->live) {
      fail("though its worker lives and nobody missed it");
    }
    JobModel& job = *check.Job(record.task.job);
    if (!check.IsNeeded(job, record.task.stage)) fail("though nobody needs it");
    --job.stages[record.task.stage].succeeded;
    task.state = State::kWaiting;
    task.attempt = AttemptId();
    ++check.totals_.outputs_lost;
  }

  void operator()(const coordinator::TaskCutRecord& record) {
    JobModel& job = *check.Job(record.task.job);
    StageModel& stage = job.stages[record.task.stage];
    TaskModel& task = *check.Task(record.task);
    const auto fail = [&](const char* what) {
      check.Fail(fmt::format("job {} stage {} task {} was cut {}", record.task.job.value(),
                             record.task.stage, record.task.task, what));
    };
    if (!job.shape.stages[record.task.stage].may_be_cut) return fail("though its stage forbids it");
    if (task.state != State::kRunning) return fail("though it does not run");
    if (stage.copies.contains(record.task.task)) return fail("while another attempt reads it all");
    if (record.at <= task.begin || record.at >= task.end) return fail("where it does not read");
    TaskModel piece;
    piece.planned = task.planned;
    piece.begin = static_cast<std::uint16_t>(record.at);
    piece.end = std::exchange(task.end, piece.begin);
    piece.counted = task.counted;
    stage.tasks.push_back(piece);
    ++check.totals_.cuts;
  }

  void operator()(const coordinator::TaskLeftOutRecord& record) {
    JobModel& job = *check.Job(record.task.job);
    StageModel& stage = job.stages[record.task.stage];
    TaskModel& task = *check.Task(record.task);
    const auto fail = [&](const char* what) {
      check.Fail(fmt::format("job {} stage {} task {} was left out {}", record.task.job.value(),
                             record.task.stage, record.task.task, what));
    };
    if (task.state != State::kWaiting) return fail("though it does not wait");
    if (task.counted) return fail("though readers may have its output");
    if (job.hopeless.erase({record.task.stage, record.task.task}) == 0) {
      return fail("though it did not go wrong too often");
    }
    task.state = State::kLeftOut;
    ++stage.left_out;
    if (stage.left_out == stage.tasks.size()) return fail("though it was the stage's last");
    const coordinator::Halt& halt = job.shape.halt;
    std::uint32_t of_job = 0;
    for (const StageModel& other : job.stages) of_job += other.left_out;
    if (halt.percent == 0 && of_job >= halt.failures) return fail("beyond the job's limit");
    if (halt.percent > 0 && stage.left_out * 100 >= halt.percent * stage.tasks.size()) {
      return fail("beyond the stage's share");
    }
    ++check.totals_.left_out;
  }

  void operator()(const coordinator::TasksForgottenRecord& record) { Forget(record.job); }
  void operator()(const coordinator::JobForgottenRecord& record) {
    Forget(record.job);
    check.Job(record.job)->forgotten = true;
  }
  void Forget(JobId job) {
    if (!check.IsFinal(job)) check.Fail(fmt::format("job {} was forgotten alive", job.value()));
  }

  // Only in snapshots.
  template <class Restored>
  void operator()(const Restored&) {
    check.Fail("a step decided what only a snapshot may hold");
  }
};

Checker::TaskModel* Checker::EndAttempt(AttemptId attempt, const char* what) {
  const AttemptTrace& trace = data_->Trace(attempt);
  TaskModel* task = trace.known ? Task(trace.task) : nullptr;
  const auto runs = [&] {
    if (task->state != State::kRunning) return false;
    if (task->attempt == attempt) return true;
    const auto& copies = Job(trace.task.job)->stages[trace.task.stage].copies;
    const auto copy = copies.find(trace.task.task);
    return copy != copies.end() && copy->second == attempt;
  };
  if (task == nullptr || !runs()) {
    Fail(fmt::format("attempt {} {} though it did not run", attempt.value(), what));
    return nullptr;
  }
  std::vector<AttemptId>& running = Worker(trace.assigned_to)->running;
  const auto found = std::find(running.begin(), running.end(), attempt);
  *found = running.back();
  running.pop_back();
  return task;
}

void Checker::OnDurable(const coordinator::Record& record) { std::visit(Folder{*this}, record); }

}  // namespace gristmill::simulation
