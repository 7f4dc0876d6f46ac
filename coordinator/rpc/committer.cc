#include "coordinator/rpc/committer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "base/status.h"
#include "coordinator/rpc/clock.h"
#include "storage/output_directory.h"

namespace gristmill::coordinator {
namespace {
constexpr std::size_t kQueueMax = 10'000;
}  // namespace

Committer::Committer(Report report, Retries retries)
    : report_(std::move(report)), retries_(retries), thread_(kQueueMax) {}

void Committer::Stop() {
  if (!stopping_.HasBeenNotified()) stopping_.Notify();
  thread_.Stop();
}

bool Committer::TryCommit(const v1::JobPlan& plan, const std::vector<AttemptId>& winners,
                          absl::Status* outcome) {
  const Instant give_up = Now() + retries_.all_ms;
  for (DurationMs wait = retries_.first_wait_ms;;
       wait = std::min(2 * wait, retries_.last_wait_ms)) {
    *outcome = gristmill::CommitOutput(plan.request().output(), plan.staging_directory(), winners);
    if (outcome->ok() || absl::IsDataLoss(*outcome) || Now() + wait > give_up) return true;
    spdlog::warn("{}; trying again in {} ms", Message(*outcome), wait);
    if (stopping_.WaitForNotificationWithTimeout(absl::Milliseconds(wait))) return false;
  }
}

void Committer::Commit(JobId job, Plan plan, std::vector<AttemptId> winners) {
  thread_.Run([this, job, plan = std::move(plan), winners = std::move(winners)] {
    absl::Status done;
    if (!TryCommit(*plan, winners, &done)) return;
    report_({job, done.ok(),
             done.ok()
                 ? std::string()
                 : fmt::format("the tasks are done but their output can't be put into place: {}; "
                               "the finished files are in '{}'",
                               Message(done), plan->staging_directory())});
  });
}

void Committer::Abandon(Plan plan) {
  thread_.Run([plan = std::move(plan)] {
    if (plan->staging_directory().empty()) return;
    AbandonOutput(plan->request().output(), plan->staging_directory());
  });
}

}  // namespace gristmill::coordinator
