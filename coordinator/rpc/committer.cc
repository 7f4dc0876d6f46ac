#include "coordinator/rpc/committer.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "storage/output_directory.h"

namespace gristmill::coordinator {
namespace {
constexpr std::size_t kQueueMax = 10'000;
}  // namespace

Committer::Committer(Report report) : report_(std::move(report)), thread_(kQueueMax) {}

void Committer::Commit(JobId job, Plan plan, std::vector<AttemptId> winners) {
  thread_.Run([this, job, plan = std::move(plan), winners = std::move(winners)] {
    const absl::Status done =
        gristmill::CommitOutput(plan->request().output(), plan->staging_directory(), winners);
    report_({job, done.ok(),
             done.ok()
                 ? std::string()
                 : fmt::format("the tasks are done but their output can't be put into place: {}",
                               Message(done))});
  });
}

void Committer::Abandon(Plan plan) {
  thread_.Run([plan = std::move(plan)] {
    std::error_code ignored;
    // Asked again after a restart: the directory may be another's by now.
    if (plan->staging_directory().empty() ||
        !std::filesystem::exists(plan->staging_directory(), ignored)) {
      return;
    }
    AbandonOutput(plan->request().output(), plan->staging_directory());
  });
}

}  // namespace gristmill::coordinator
