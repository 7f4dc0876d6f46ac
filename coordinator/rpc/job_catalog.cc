#include "coordinator/rpc/job_catalog.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/readable_text.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

// What is worth keeping of the plan of a job without tasks. Its shape stays the same.
std::shared_ptr<const v1::JobPlan> SummaryOf(const v1::JobPlan& plan) {
  v1::JobRequest request = plan.request();
  request.clear_inputs();
  request.clear_named_inputs();
  request.clear_params();
  request.clear_files();
  request.clear_object();
  auto summary = std::make_shared<v1::JobPlan>();
  *summary->mutable_request() = request;  // a copy, for what was cleared keeps its memory
  summary->set_staging_directory(plan.staging_directory());
  *summary->mutable_stages() = plan.stages();
  return summary;
}

}  // namespace

v1::FailedAttempt Encode(const FailedTask& failed) {
  v1::FailedAttempt message;
  message.set_stage(failed.task.stage);
  message.set_task(failed.task.task);
  message.set_attempt(failed.attempt.value());
  message.set_worker(failed.worker.value());
  message.set_message(failed.message);
  return message;
}

void JobCatalog::Add(JobId job, std::shared_ptr<const v1::JobPlan> plan, std::int64_t unix_ms) {
  CatalogEntry& entry = AddEntry(job, std::move(plan), unix_ms);
  entry.input_bytes = InputBytes(*entry.plan);
  entry.splits = std::make_shared<SplitTable>(*entry.plan);
}

void JobCatalog::AddWithoutTasks(JobId job, std::shared_ptr<const v1::JobPlan> plan,
                                 std::int64_t unix_ms, std::uint64_t input_bytes) {
  AddEntry(job, std::move(plan), unix_ms).input_bytes = input_bytes;
}

CatalogEntry& JobCatalog::AddEntry(JobId job, std::shared_ptr<const v1::JobPlan> plan,
                                   std::int64_t unix_ms) {
  CatalogEntry& entry = entries_[job];
  entry.submitted_unix_ms = unix_ms;
  if (!plan->request().request_id().empty()) by_request_[plan->request().request_id()] = job;
  // A snapshot has ended jobs after a running one that writes to the same place.
  if (!plan->request().output().empty()) by_output_.try_emplace(plan->request().output(), job);
  entry.plan = std::move(plan);
  entry.plan_bytes = entry.plan->ByteSizeLong();
  live_plan_bytes_ += entry.plan_bytes;
  return entry;
}

void JobCatalog::RestoreFailure(JobId job, std::string last_failure, std::string cause) {
  CatalogEntry& entry = entries_.at(job);
  entry.last_failure = std::move(last_failure);
  entry.last_failure_cause = std::move(cause);
}

void JobCatalog::RestoreFailures(const v1::JobRestored& restored) {
  CatalogEntry& entry = entries_.at(JobId(restored.job()));
  entry.failures_total = restored.failures_total();
  entry.failures.clear();
  for (const v1::FailedAttempt& failed : restored.failures()) {
    entry.failures.push_back({{JobId(restored.job()), failed.stage(), failed.task()},
                              AttemptId(failed.attempt()),
                              WorkerId(failed.worker()),
                              failed.message()});
  }
}

v1::FailedAttempt JobCatalog::MessageOf(const FailedTask& failed) const {
  v1::FailedAttempt message = Encode(failed);
  message.set_worker_name(WorkerName(failed.worker));
  return message;
}

JobId JobCatalog::Fold(const Record& record, std::int64_t unix_ms) {
  if (const auto* submitted = std::get_if<JobSubmittedRecord>(&record)) {
    if (submitted->queued) entries_.at(submitted->job).state = JobState::kQueued;
    return submitted->job;
  }
  if (const auto* changed = std::get_if<JobStateRecord>(&record)) {
    FoldState(*changed, unix_ms);
    return changed->job;
  }
  if (const auto* joined = std::get_if<WorkerJoinedRecord>(&record)) {
    worker_names_[joined->worker] = joined->name;
  } else if (const auto* lost = std::get_if<WorkerLostRecord>(&record)) {
    absl::erase_if(running_, [&](const auto& item) { return item.second.worker == lost->worker; });
  } else if (const auto* assigned = std::get_if<AttemptAssignedRecord>(&record)) {
    return FoldAssigned(*assigned, unix_ms);
  } else if (const auto* succeeded = std::get_if<AttemptSucceededRecord>(&record)) {
    return FoldSucceeded(*succeeded, unix_ms);
  } else if (const auto* ended = std::get_if<AttemptEndedRecord>(&record)) {
    return FoldEnd(*ended, unix_ms);
  } else if (const auto* output_lost = std::get_if<OutputLostRecord>(&record)) {
    return output_lost->task.job;
  } else if (const auto* skipped = std::get_if<RecordSkippedRecord>(&record)) {
    return skipped->task.job;
  } else if (const auto* cut = std::get_if<TaskCutRecord>(&record)) {
    return cut->task.job;
  } else if (const auto* left_out = std::get_if<TaskLeftOutRecord>(&record)) {
    return left_out->task.job;
  } else if (const auto* tasks = std::get_if<TasksForgottenRecord>(&record)) {
    CatalogEntry& entry = entries_.at(tasks->job);
    entry.plan = SummaryOf(*entry.plan);
    entry.times = {};
    return tasks->job;
  } else if (const auto* forgotten = std::get_if<JobForgottenRecord>(&record)) {
    Forget(forgotten->job);
    return forgotten->job;
  } else if (const auto* restored = std::get_if<TasksRestoredRecord>(&record)) {
    FoldTasks(*restored);
  }
  return JobId();
}

void JobCatalog::FoldTasks(const TasksRestoredRecord& restored) {
  for (std::uint32_t i = 0; i < restored.tasks.size(); ++i) {
    const Task& task = restored.tasks[i];
    if (task.state != TaskState::kRunning) continue;
    running_[task.attempt] = {{restored.job, restored.stage, restored.first_task + i}, task.worker};
  }
}

void JobCatalog::Forget(JobId job) {
  const auto entry = entries_.find(job);
  const auto request = by_request_.find(entry->second.plan->request().request_id());
  if (request != by_request_.end() && request->second == job) by_request_.erase(request);
  entries_.erase(entry);
}

void JobCatalog::ForgetWorkersBut(const absl::flat_hash_set<WorkerId>& workers) {
  absl::erase_if(worker_names_, [&](const auto& item) { return !workers.contains(item.first); });
}

void JobCatalog::NoteRunTime(AttemptId attempt, std::uint64_t run_us) {
  const auto found = running_.find(attempt);
  if (found != running_.end()) found->second.run_us = run_us;
}

JobId JobCatalog::FoldAssigned(const AttemptAssignedRecord& assigned, std::int64_t unix_ms) {
  const TaskRef& task = assigned.task;
  running_[assigned.attempt] = {task, assigned.worker, unix_ms};
  if (unix_ms > 0) {
    CatalogEntry& entry = entries_.at(task.job);
    entry.times.Start(
        task.stage, task.task,
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms - entry.submitted_unix_ms)));
  }
  return task.job;
}

// The time on a thread where that is known, else the time from the assignment on.
void JobCatalog::EndTime(const RunningAttempt& attempt, std::int64_t unix_ms) {
  if (unix_ms == 0 || (attempt.started_unix_ms == 0 && attempt.run_us == 0)) return;
  CatalogEntry& entry = entries_.at(attempt.task.job);
  const std::int64_t run_ms = attempt.run_us > 0 ? static_cast<std::int64_t>(attempt.run_us / 1'000)
                                                 : unix_ms - attempt.started_unix_ms;
  entry.times.End(attempt.task.stage, attempt.task.task, unix_ms - entry.submitted_unix_ms, run_ms);
}

JobId JobCatalog::FoldSucceeded(const AttemptSucceededRecord& succeeded, std::int64_t unix_ms) {
  const auto found = running_.find(succeeded.attempt);
  if (found == running_.end()) return JobId();
  const RunningAttempt attempt = found->second;
  running_.erase(found);
  EndTime(attempt, unix_ms);
  return attempt.task.job;
}

JobId JobCatalog::FoldEnd(const AttemptEndedRecord& ended, std::int64_t unix_ms) {
  const auto found = running_.find(ended.attempt);
  if (found == running_.end()) return JobId();
  const RunningAttempt attempt = found->second;
  running_.erase(found);
  EndTime(attempt, unix_ms);
  if (ended.counts_as_failure) RememberFailure(ended.attempt, attempt, ended.message);
  return attempt.task.job;
}

void JobCatalog::RememberFailure(AttemptId id, const RunningAttempt& attempt,
                                 const std::string& message) {
  CatalogEntry& entry = entries_.at(attempt.task.job);
  ++entry.failures_total;
  entry.failures.push_back(
      {attempt.task, id, attempt.worker, ShortenedText(message, CatalogEntry::kFailureBytesMax)});
  if (entry.failures.size() > CatalogEntry::kFailuresKept) entry.failures.pop_front();
  entry.last_failure_cause = message;
  entry.last_failure = DescribeTaskFailure(
      *entry.plan, *SplitsOf(entry), attempt.task, core_->task(attempt.task)->part,
      entry.plan->request().max_attempts(), WorkerName(attempt.worker), message);
}

void JobCatalog::FoldState(const JobStateRecord& changed, std::int64_t unix_ms) {
  CatalogEntry& entry = entries_.at(changed.job);
  entry.commit_failed = entry.state == JobState::kCommitting && changed.state == JobState::kFailed;
  entry.state = changed.state;
  if (!entry.finished()) return;
  entry.finished_unix_ms = unix_ms;
  live_plan_bytes_ -= entry.plan_bytes;
  entry.splits.reset();
  if (auto user = by_output_.find(entry.plan->request().output());
      user != by_output_.end() && user->second == changed.job) {
    by_output_.erase(user);
  }
  absl::erase_if(running_, [&](const auto& item) { return item.second.task.job == changed.job; });
}

const CatalogEntry* JobCatalog::Find(JobId job) const {
  const auto found = entries_.find(job);
  return found == entries_.end() ? nullptr : &found->second;
}

std::shared_ptr<const SplitTable> JobCatalog::SplitsOf(const CatalogEntry& entry) const {
  return entry.splits ? entry.splits : std::make_shared<SplitTable>(*entry.plan);
}

JobId JobCatalog::FindRequest(const std::string& request_id) const {
  const auto found = by_request_.find(request_id);
  return found == by_request_.end() ? JobId() : found->second;
}

JobId JobCatalog::FindOutput(const std::string& output) const {
  const auto found = by_output_.find(output);
  return found == by_output_.end() ? JobId() : found->second;
}

std::string JobCatalog::WorkerName(WorkerId worker) const {
  const auto found = worker_names_.find(worker);
  return found == worker_names_.end() ? std::string() : found->second;
}

JobId JobCatalog::JobOf(AttemptId attempt) const {
  const auto found = running_.find(attempt);
  return found == running_.end() ? JobId() : found->second.task.job;
}

}  // namespace gristmill::coordinator
