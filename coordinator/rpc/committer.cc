#include "coordinator/rpc/committer.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "base/process.h"
#include "base/status.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kQueueMax = 10'000;

std::string OwnerOf(JobId job) {
  return fmt::format("job {} of the coordinator on {}", job.value(), ProcessName());
}

}  // namespace

Committer::Committer(Report report, CommitRetries::Limits retries)
    : report_(std::move(report)), retries_(retries), thread_(kQueueMax) {}

void Committer::Stop() {
  if (!stopping_.HasBeenNotified()) stopping_.Notify();
  thread_.Stop();
}

void Committer::Hold(JobId job, StagedOutput output) {
  auto held = std::make_shared<StagedOutput>(std::move(output));
  thread_.Run([this, job, held] {
    held->SetOwner(OwnerOf(job));
    const std::string staging = held->staging();
    held_.emplace(staging, std::move(*held));
  });
}

void Committer::Reclaim(JobId job, Plan plan) {
  if (plan->staging_directory().empty()) return;
  thread_.Run([this, job, plan = std::move(plan)] {
    const absl::Status opened = Open(*plan, OwnerOf(job));
    if (!opened.ok()) spdlog::warn("job {} may lose its output: {}", job.value(), Message(opened));
  });
}

absl::Status Committer::Open(const v1::JobPlan& plan, const std::string& owner) {
  if (held_.contains(plan.staging_directory())) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(StagedOutput output, StagedOutput::Reopen(plan.request().output(),
                                                                plan.staging_directory(), owner));
  held_.emplace(plan.staging_directory(), std::move(output));
  return absl::OkStatus();
}

absl::Status Committer::CommitOnce(JobId job, const v1::JobPlan& plan, const Finished& finished) {
  GM_RETURN_IF_ERROR(Open(plan, OwnerOf(job)));
  StagedOutput& output = held_.at(plan.staging_directory());
  if (!finished.skipped.empty()) GM_RETURN_IF_ERROR(output.SetAside(finished.skipped, plan));
  GM_RETURN_IF_ERROR(output.NameFailedTasks(finished.failed_tasks));
  return output.Commit(finished.winners);
}

bool Committer::TryCommit(JobId job, const v1::JobPlan& plan, const Finished& finished,
                          absl::Status* outcome) {
  CommitRetries retries(retries_);
  while (true) {
    *outcome = CommitOnce(job, plan, finished);
    if (outcome->ok()) return true;
    const std::optional<DurationMs> wait_ms = retries.WaitAfter(*outcome);
    if (!wait_ms) return true;
    spdlog::warn("{}; trying again in {} ms", Message(*outcome), *wait_ms);
    if (stopping_.WaitForNotificationWithTimeout(absl::Milliseconds(*wait_ms))) return false;
  }
}

void Committer::Commit(JobId job, Plan plan, Finished finished) {
  thread_.Run([this, job, plan = std::move(plan), finished = std::move(finished)] {
    absl::Status done;
    if (!TryCommit(job, *plan, finished, &done)) return;
    held_.erase(plan->staging_directory());
    report_({job, done.ok(),
             done.ok() ? std::string() : DescribeFailedCommit(done, plan->staging_directory())});
  });
}

void Committer::Abandon(Plan plan) {
  thread_.Run([this, plan = std::move(plan)] {
    if (plan->staging_directory().empty()) return;
    const absl::Status opened = Open(*plan, "a job that ended");
    if (!opened.ok()) {
      spdlog::warn("nothing is removed from '{}': {}", plan->request().output(), Message(opened));
      return;
    }
    held_.extract(plan->staging_directory()).mapped().Abandon();
  });
}

}  // namespace gristmill::coordinator
