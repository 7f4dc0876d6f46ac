#include "cli/embedded_run.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/process.h"
#include "base/status.h"
#include "base/task_timeout.h"
#include "cli/embedded_commit.h"
#include "cli/embedded_inputs.h"
#include "cli/embedded_resources.h"
#include "cli/progress_display.h"
#include "cli/task_pool.h"
#include "coordinator/admission.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/job_status.h"
#include "coordinator/skipping.h"
#include "coordinator/task_times.h"
#include "storage/split_planner.h"
#include "storage/task_input.h"
#include "worker/message_translation.h"

namespace gristmill::cli {
namespace {

constexpr DurationMs kProgressMs = 100;
constexpr DurationMs kForeverMs = std::int64_t{1} << 60;  // the one worker never loses its lease

// Drives the core as the coordinator's shell does, with one worker that is this process.
class EmbeddedJob {
 public:
  EmbeddedJob(coordinator::AdmittedJob job, const EmbeddedOptions& options);
  EmbeddedOutcome Run();

 private:
  struct UnderWay {
    std::shared_ptr<PoolTask> task;
    DurationMs overdue = 0;  // asked to stop, for its time, so much, is up
    Instant asked = {};
    std::vector<std::uint32_t> gpus = {};
  };

  // What the core is told of a report.
  coordinator::Event EventOf(const v1::TaskReport& report);
  DurationMs task_timeout_ms() const;
  bool has_time_limit() const;
  // Most time of an attempt of the stage; zero if there is no limit yet.
  DurationMs LimitOf(std::uint32_t stage) const;
  std::string DescribeLimit(DurationMs limit_ms) const;
  std::vector<v1::TaskStatus> Tasks() const;
  void StopOverdueTasks();
  void NoteEnd(const UnderWay& ended);
  void EndStuck(const UnderWay& stuck);
  std::string Describe(const v1::TaskId& task, const std::string& reason) const;
  void Handle(coordinator::Event event);
  void HandleAll();
  void Perform(const coordinator::Action& action);
  void StartTask(const coordinator::StartAttempt& start);
  bool Cancelled() const { return options_.cancelled != nullptr && options_.cancelled->load(); }
  void TryCommit();
  v1::JobStatus Status() const;
  void ShowProgress() const;

  const EmbeddedOptions& options_;
  const std::int64_t started_unix_ms_ = UnixNowMs();
  const worker::JobContext context_;
  const SplitTable splits_;
  coordinator::Coordinator core_;
  EmbeddedCommit commit_;
  EmbeddedInputs inputs_;
  std::deque<coordinator::Event> events_;
  JobId job_;
  WorkerId worker_;
  std::optional<coordinator::JobState> ended_;
  std::string last_failure_;        // of a task, as a sentence
  std::string last_failure_cause_;  // what the task said
  std::map<AttemptId, UnderWay> under_way_;
  std::set<std::uint32_t> free_gpus_;
  coordinator::TaskTimes times_;
  TaskPool pool_;  // last: its threads end before the rest goes
};

coordinator::WorkerResources ResourcesOf(const EmbeddedOptions& options) {
  return {options.threads, options.memory_bytes, options.gpus};
}

worker::JobContext MakeContext(v1::JobPlan plan, const EmbeddedOptions& options) {
  worker::JobContext context;
  context.job = 1;
  worker::SetMemory(
      plan, plan.request().memory_bytes(),
      worker::ThreadsFor(plan.request(), {options.threads, options.memory_bytes, options.gpus}),
      &context);
  context.plan = std::move(plan);
  context.spill_directory = options.spill_directory;
  context.directory = options.directory;
  context.info = options.job;
  return context;
}

EmbeddedJob::EmbeddedJob(coordinator::AdmittedJob job, const EmbeddedOptions& options)
    : options_(options),
      context_(MakeContext(std::move(job.plan), options)),
      splits_(context_.plan),
      core_(coordinator::Limits{.lease_ms = kForeverMs, .speculation = false}),
      commit_(std::move(job.output), {core_, context_.plan, splits_},
              {options.commit_retries, options.cancelled}),
      inputs_(core_, context_.plan, options.spill_directory),
      pool_(context_, options.threads) {
  for (std::uint32_t gpu = 0; gpu < options.gpus; ++gpu) free_gpus_.insert(gpu);
}

EmbeddedOutcome EmbeddedJob::Run() {
  Handle(coordinator::SubmitJob{coordinator::ShapeOf(context_.plan)});
  Handle(coordinator::WorkerRegistered{.instance = "embedded",
                                       .name = "this process",
                                       .resources = ResourcesOf(options_),
                                       .shuffle_address = "",
                                       .spill_directory = options_.spill_directory,
                                       .running = {}});
  ShowProgress();
  Instant shown = MonotonicNow();
  bool cancelling = false;
  while (!ended_ || !under_way_.empty()) {
    for (const v1::TaskReport& report : pool_.TakeReports(kProgressMs)) Handle(EventOf(report));
    if (has_time_limit()) StopOverdueTasks();
    if (commit_.IsDue(MonotonicNow())) {
      TryCommit();
      HandleAll();
    }
    if (!cancelling && !ended_ && Cancelled()) {
      cancelling = true;
      Handle(coordinator::CancelJob{job_, "it was interrupted"});
    }
    if (MonotonicNow() - shown >= kProgressMs) {
      ShowProgress();
      shown = MonotonicNow();
    }
  }
  commit_.Abandon();
  ShowProgress();
  EmbeddedOutcome outcome{Status(), coordinator::CountersOf(*core_.job(job_))};
  if (options_.keep_tasks) outcome.tasks = Tasks();
  outcome.status.set_finished_unix_ms(UnixNowMs());
  return outcome;
}

DurationMs EmbeddedJob::task_timeout_ms() const {
  return static_cast<DurationMs>(context_.plan.request().task_timeout_ms());
}

bool EmbeddedJob::has_time_limit() const {
  return task_timeout_ms() > 0 || context_.plan.request().task_timeout_percent() > 0;
}

DurationMs EmbeddedJob::LimitOf(std::uint32_t stage) const {
  return task_timeout_ms() > 0 ? task_timeout_ms() : core_.limit_by_median(job_, stage);
}

std::string EmbeddedJob::DescribeLimit(DurationMs limit_ms) const {
  return task_timeout_ms() > 0 ? DescribeTaskTimeout(limit_ms) : DescribeMedianTimeout(limit_ms);
}

std::vector<v1::TaskStatus> EmbeddedJob::Tasks() const {
  std::vector<v1::TaskStatus> tasks;
  const coordinator::JobView job = *core_.job(job_);
  for (std::uint32_t stage = 0; stage < job.stages.size(); ++stage) {
    for (std::uint32_t task = 0; task < job.stages[stage].tasks; ++task) {
      const TaskRef ref{job_, stage, task};
      tasks.push_back(
          coordinator::TaskStatusOf(ref, *core_.task(ref), job, context_.plan, splits_));
      coordinator::AddTime(times_.Of(stage, task), started_unix_ms_, UnixNowMs(), &tasks.back());
      tasks.back().set_worker("localhost");
    }
  }
  return tasks;
}

// Looked at ten times a second.
void EmbeddedJob::StopOverdueTasks() {
  const Instant now = MonotonicNow();
  for (auto& [attempt, under_way] : under_way_) {
    const Instant since = under_way.task->since;
    if (since == kNever) continue;
    const DurationMs limit_ms = under_way.overdue > 0
                                    ? under_way.overdue
                                    : LimitOf(under_way.task->assignment.id().stage());
    const DurationMs late_ms = now - since - limit_ms;
    if (limit_ms == 0 || late_ms < 0) continue;
    // By the median a task may be found late long after its time was up.
    if (under_way.overdue > 0 && now - under_way.asked >= options_.stop_deadline_ms) {
      EndStuck(under_way);
    }
    if (under_way.overdue > 0) continue;
    under_way.overdue = limit_ms;
    under_way.asked = now;
    under_way.task->control.cancelled = true;
  }
}

void EmbeddedJob::EndStuck(const UnderWay& stuck) {
  commit_.Abandon();
  v1::JobStatus status = Status();
  status.set_finished_unix_ms(UnixNowMs());
  if (!ended_) {
    status.set_state(v1::JOB_STATE_FAILED);
    status.set_message(Describe(
        stuck.task->assignment.id(),
        DescribeLimit(stuck.overdue) + "; it did not stop when asked, so the process ended"));
  }
  options_.on_stuck(status);
  GM_CHECK(false);  // it returned
}

// The failure of a task that had failed as often as the core knows, in words that say where it
// read.
std::string EmbeddedJob::Describe(const v1::TaskId& task, const std::string& reason) const {
  const TaskRef ref{job_, task.stage(), task.task()};
  return DescribeTaskFailure(context_.plan, splits_, ref, core_.task(ref)->part,
                             core_.task(ref)->failures + 1, "", reason);
}

void EmbeddedJob::NoteEnd(const UnderWay& ended) {
  const Instant since = ended.task->since;
  if (!options_.keep_tasks || since == kNever) return;
  const v1::TaskId& id = ended.task->assignment.id();
  times_.End(id.stage(), id.task(), UnixNowMs() - started_unix_ms_, MonotonicNow() - since);
}

coordinator::Event EmbeddedJob::EventOf(const v1::TaskReport& report) {
  const AttemptId attempt(report.attempt());
  const auto extracted = under_way_.extract(attempt);
  GM_CHECK(!extracted.empty());
  const UnderWay& was = extracted.mapped();
  free_gpus_.insert(was.gpus.begin(), was.gpus.end());
  NoteEnd(was);
  if (report.outcome() == v1::TASK_OUTCOME_SUCCEEDED) {
    coordinator::Counters counters;
    for (const v1::Counter& c : report.counters()) counters.emplace_back(c.name(), c.value());
    return coordinator::AttemptSucceeded{worker_, attempt, std::move(counters), report.result(),
                                         report.run_us()};
  }
  coordinator::AttemptFailed failed{.worker = worker_,
                                    .attempt = attempt,
                                    .cause = coordinator::AttemptFailed::Cause::kUser,
                                    .message = report.message(),
                                    .lost_outputs = {}};
  const bool overdue = was.overdue > 0 && report.outcome() == v1::TASK_OUTCOME_HANDED_BACK;
  if (overdue) failed.message = DescribeLimit(was.overdue);
  if (report.outcome() == v1::TASK_OUTCOME_FETCH_FAILED) {
    failed.cause = coordinator::AttemptFailed::Cause::kFetch;
    for (const v1::TaskId& id : report.lost_outputs()) {
      failed.lost_outputs.push_back({job_, id.stage(), id.task()});
    }
  } else if (report.outcome() == v1::TASK_OUTCOME_HANDED_BACK && !overdue) {
    failed.cause = coordinator::AttemptFailed::Cause::kHandedBack;
  } else if (!ended_) {
    const v1::TaskId& id = was.task->assignment.id();
    failed.record = coordinator::BadRecordOf(report, context_.plan, splits_, id.stage(),
                                             core_.task({job_, id.stage(), id.task()})->part);
    last_failure_ = Describe(id, failed.message);
    last_failure_cause_ = failed.message;
  }
  return failed;
}

void EmbeddedJob::Handle(coordinator::Event event) {
  events_.push_back(std::move(event));
  HandleAll();
}

void EmbeddedJob::HandleAll() {
  while (!events_.empty()) {
    const coordinator::Output output = core_.Step(events_.front(), MonotonicNow());
    events_.pop_front();
    for (const coordinator::Action& action : output.actions) Perform(action);
  }
}

void EmbeddedJob::Perform(const coordinator::Action& action) {
  if (const auto* accepted = std::get_if<coordinator::JobAccepted>(&action)) {
    job_ = accepted->job;
    GM_CHECK(job_.value() == context_.job);
  } else if (const auto* worker = std::get_if<coordinator::AcceptWorker>(&action)) {
    worker_ = worker->worker;
  } else if (const auto* start = std::get_if<coordinator::StartAttempt>(&action)) {
    StartTask(*start);
  } else if (const auto* cancel = std::get_if<coordinator::CancelAttempt>(&action)) {
    const auto task = under_way_.find(cancel->attempt);
    if (task != under_way_.end()) task->second.task->control.cancelled = true;
  } else if (const auto* commit = std::get_if<coordinator::CommitOutput>(&action)) {
    commit_.Begin(*commit);
    TryCommit();
  } else if (const auto* end = std::get_if<coordinator::EndJob>(&action)) {
    ended_ = end->state;
  }
  // The rest speaks to workers in other processes.
}

void EmbeddedJob::TryCommit() {
  if (auto committed = commit_.Try()) events_.emplace_back(*std::move(committed));
}

void EmbeddedJob::StartTask(const coordinator::StartAttempt& start) {
  auto task = std::make_shared<PoolTask>();
  task->assignment = MakeAssignment(context_.plan, splits_, start.task,
                                    core_.task(start.task)->part, start.attempt);
  coordinator::TellSkips(core_.skipped_records(job_), &task->assignment);
  task->inputs = inputs_.Of(start.task);
  UnderWay& under_way = under_way_[start.attempt];
  under_way.task = task;
  for (std::uint32_t i = 0; i < context_.plan.request().task_gpus(); ++i) {
    GM_CHECK(!free_gpus_.empty());
    const std::uint32_t gpu = *free_gpus_.begin();
    free_gpus_.erase(free_gpus_.begin());
    under_way.gpus.push_back(gpu);
    task->assignment.add_gpus(gpu);
  }
  pool_.Start(std::move(task));
}

v1::JobStatus EmbeddedJob::Status() const {
  const coordinator::JobView view = *core_.job(job_);
  v1::JobStatus status = coordinator::StatusOf(view, context_.plan);
  // The core's message names a task by number; what was kept here also says where it read.
  const bool user_failure = view.state == coordinator::JobState::kFailed &&
                            !last_failure_.empty() &&
                            view.message.ends_with(": " + last_failure_cause_);
  if (user_failure) status.set_message(last_failure_);
  if (commit_.is_under_way()) status.set_message(commit_.trouble());
  status.set_submitted_unix_ms(started_unix_ms_);
  status.set_workers(1);
  status.set_slots(options_.threads);
  status.set_input_bytes(InputBytes(context_.plan));
  return status;
}

void EmbeddedJob::ShowProgress() const {
  if (options_.on_progress) options_.on_progress(Status());
}

coordinator::Describe DescriberFor(const EmbeddedOptions& options) {
  return [&options](const v1::JobRequest& asked) {
    return options.job == nullptr ? coordinator::DescribeOwnJob(asked)
                                  : coordinator::DescribeJob(*options.job, asked);
  };
}

}  // namespace

absl::StatusOr<v1::JobPlan> PlanEmbedded(const v1::JobRequest& request,
                                         const EmbeddedOptions& options) {
  GM_RETURN_IF_ERROR(CheckResources(request, ResourcesOf(options)));
  return coordinator::PlanDryRun(request, DescriberFor(options));
}

absl::StatusOr<EmbeddedOutcome> RunEmbedded(const v1::JobRequest& request,
                                            const EmbeddedOptions& options) {
  GM_CHECK(options.threads > 0);
  GM_RETURN_IF_ERROR(CheckResources(request, ResourcesOf(options)));
  GM_ASSIGN_OR_RETURN(
      coordinator::AdmittedJob job,
      coordinator::Admit(request, fmt::format("'gristmill run' on {}", ProcessName()),
                         DescriberFor(options)));
  return EmbeddedJob(std::move(job), options).Run();
}

}  // namespace gristmill::cli
