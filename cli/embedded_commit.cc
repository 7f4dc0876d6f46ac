#include "cli/embedded_commit.h"

#include <fmt/format.h>

#include <utility>

#include "base/status.h"
#include "cli/progress_display.h"
#include "coordinator/left_out.h"
#include "coordinator/skipping.h"

namespace gristmill::cli {

void EmbeddedCommit::Begin(const coordinator::CommitOutput& asked) {
  pending_.emplace(Pending{asked, CommitRetries(patience_.retries)});
}

bool EmbeddedCommit::IsDue(Instant now) const {
  return pending_ && (Cancelled() || now >= pending_->next_try);
}

absl::Status EmbeddedCommit::CommitOnce() {
  const JobId job = pending_->asked.job;
  const auto& skipped = job_.core.skipped_records(job);
  if (!skipped.empty()) {
    GM_RETURN_IF_ERROR(output_->SetAside(coordinator::SetAsideOf(skipped, job_.plan), job_.plan));
  }
  if (const auto left_out = job_.core.left_out_tasks(job); !left_out.empty()) {
    GM_RETURN_IF_ERROR(
        output_->NameFailedTasks(coordinator::FailedTasksText(left_out, job_.plan, job_.splits)));
  }
  return output_->Commit(pending_->asked.winners);
}

std::optional<coordinator::OutputCommitted> EmbeddedCommit::Try() {
  const absl::Status status = CommitOnce();
  std::string message;
  if (!status.ok()) {
    const std::optional<DurationMs> wait_ms =
        Cancelled() ? std::nullopt : pending_->retries.WaitAfter(status);
    if (wait_ms) {
      pending_->next_try = MonotonicNow() + *wait_ms;
      pending_->trouble = fmt::format("{}; trying again", Message(status));
      return std::nullopt;
    }
    message = DescribeFailedCommit(status, output_->staging());
  }
  const JobId job = pending_->asked.job;
  pending_.reset();
  output_.reset();
  return coordinator::OutputCommitted{job, status.ok(), std::move(message)};
}

void EmbeddedCommit::Abandon() {
  if (output_) output_->Abandon();
}

}  // namespace gristmill::cli
