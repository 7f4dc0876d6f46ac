#include "coordinator/rpc/driver.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/status.h"
#include "coordinator/admission.h"
#include "coordinator/journal/record_codec.h"
#include "coordinator/rpc/status_view.h"
#include "storage/shipped_files.h"

namespace gristmill::coordinator {

Driver::Driver(Options options, OutputPort* outputs)
    : options_(options),
      outputs_(outputs),
      core_(options.limits),
      catalog_(&core_),
      assignments_(&core_, &catalog_) {}

absl::Status Driver::Replay(const v1::JournalRecord& journaled) {
  if (journaled.has_workers_named()) return ReplayNames(journaled.workers_named());
  GM_ASSIGN_OR_RETURN(const Record record, DecodeRecord(journaled, ShapeOf));
  std::int64_t unix_ms = 0;
  if (journaled.has_job_submitted()) {
    const v1::JobSubmitted& submitted = journaled.job_submitted();
    const auto plan = std::make_shared<v1::JobPlan>(submitted.plan());
    unix_ms = submitted.unix_ms();
    if (submitted.without_tasks()) {
      catalog_.AddWithoutTasks(JobId(submitted.job()), plan, unix_ms, submitted.input_bytes());
    } else {
      catalog_.Add(JobId(submitted.job()), plan, unix_ms);
    }
  } else if (journaled.has_job_state_changed()) {
    unix_ms = journaled.job_state_changed().unix_ms();
  } else if (journaled.has_job_restored()) {
    const v1::JobRestored& restored = journaled.job_restored();
    catalog_.RestoreFailure(JobId(restored.job()), restored.last_failure(),
                            restored.last_failure_cause());
    catalog_.RestoreFailures(restored);
  }
  core_.Apply(record);
  catalog_.Fold(record, unix_ms);
  return absl::OkStatus();
}

void Driver::Recover() {
  for (const auto& [job, entry] : catalog_.entries()) {
    if (entry.finished()) continue;
    outputs_->Reclaim(job, entry.plan);
    KeepFiles(job, *entry.plan);
  }
  Take(core_.Recover(now_));
}

void Driver::BeginTurn(Instant now, std::int64_t unix_ms) {
  now_ = now;
  unix_ms_ = unix_ms;
}

void Driver::Step(const Event& event) {
  ++work_.events;
  if (const auto* succeeded = std::get_if<AttemptSucceeded>(&event)) {
    catalog_.NoteRunTime(succeeded->attempt, succeeded->run_us);
  }
  Take(core_.Step(event, now_));
}

JobId Driver::Submit(std::shared_ptr<const v1::JobPlan> plan) {
  submitting_ = std::move(plan);
  accepted_ = JobId();
  Step(SubmitJob{ShapeOf(*submitting_)});
  submitting_.reset();
  GM_CHECK(accepted_);
  return accepted_;
}

void Driver::Take(Output output) {
  for (const Record& record : output.records) Keep(record);
  // Turned into messages now, while the core is in the state that asked for them.
  for (const Action& action : output.actions) {
    std::visit([this](const auto& asked) { Perform(asked); }, action);
  }
}

void Driver::Keep(const Record& record) {
  if (const auto* submitted = std::get_if<JobSubmittedRecord>(&record)) {
    GM_CHECK(submitting_ != nullptr);
    catalog_.Add(submitted->job, submitting_, unix_ms_);
    KeepFiles(submitted->job, *submitting_);
  }
  records_.push_back(EncodeRecord(record, {unix_ms_, submitting_.get()}));
  const JobId job = catalog_.Fold(record, unix_ms_);
  insight_.Fold(record, now_);
  Log(record);
  if (std::holds_alternative<JobForgottenRecord>(record)) {
    watches_.Drop(job, NotFound("job {} ended and was forgotten", job.value()));
  } else if (std::holds_alternative<JobStateRecord>(record)) {
    watches_.TouchState(job);
    if (core_.load().queued_jobs > 0) watches_.TouchAll();  // they may have moved up
  } else if (job) {
    watches_.Touch(job);
  } else {
    watches_.TouchAll();
  }
}

void Driver::KeepFiles(JobId job, const v1::JobPlan& plan) {
  if (options_.files != nullptr) options_.files->Keep(job.value(), BlobsOf(plan.request()));
}

void Driver::ReleaseFiles(JobId job) {
  if (options_.files == nullptr || !options_.files->Release(job.value())) return;
  if (options_.on_files_released) Then(options_.on_files_released);
}

std::vector<v1::JournalRecord> Driver::TakeRecords() { return std::exchange(records_, {}); }

void Driver::Speak() {
  logs_.GiveUp(now_, links_);
  links_.Flush();
  for (const auto& reply : std::exchange(replies_, {})) reply();
  ClusterSize cluster;
  bool counted = false;
  watches_.Send(now_, [&](JobId job) {
    if (!std::exchange(counted, true)) cluster = SizeOf(core_, now_);
    return ViewJob(core_, catalog_, job, cluster);
  });
}

Instant Driver::next_deadline() const {
  return std::min({core_.next_deadline(), watches_.next_deadline(), logs_.next_deadline()});
}

v1::JobStatus Driver::StatusOf(JobId job) const {
  return ViewJob(core_, catalog_, job, SizeOf(core_, now_));
}

}  // namespace gristmill::coordinator
