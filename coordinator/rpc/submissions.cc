#include "coordinator/rpc/submissions.h"

#include <memory>
#include <utility>

#include "base/process.h"
#include "base/status.h"
#include "coordinator/output_place.h"

namespace gristmill::coordinator {
namespace {
constexpr std::size_t kRequestIdBytesMax = 256;
}  // namespace

void Submissions::Begin(Driver& driver, const v1::JobRequest& request, Reply reply) {
  const std::string& request_id = request.request_id();
  if (request_id.size() > kRequestIdBytesMax) {
    reply(InvalidArgument("a request id has at most {} bytes", kRequestIdBytesMax));
    return;
  }
  if (const JobId known = driver.catalog().FindRequest(request_id)) {
    driver.Then([known, reply = std::move(reply)] { reply(known); });
    return;
  }
  if (Pending* same = FindRequest(request_id)) {
    same->replies.push_back(std::move(reply));
    return;
  }
  const std::string output = NormalOutputPath(request.output());
  if (absl::Status free = CheckOutputFree(driver, output); !free.ok()) {
    reply(free);
    return;
  }
  const std::uint64_t ticket = next_ticket_++;
  const bool taken = admissions_->TryRun([this, ticket, request] {
    auto admitted = std::make_shared<absl::StatusOr<AdmittedJob>>(Admit(
        request,
        fmt::format("a job that is being submitted to the coordinator on {}", ProcessName())));
    shell_->Post(
        [this, ticket, admitted](Driver& later) { Finish(later, ticket, std::move(*admitted)); });
  });
  if (!taken) {
    reply(ResourceExhausted("the coordinator is busy with other submissions; try again"));
    return;
  }
  Pending& pending = pending_[ticket];
  pending.request_id = request_id;
  pending.output = output;
  pending.replies.push_back(std::move(reply));
}

absl::Status Submissions::CheckOutputFree(const Driver& driver, const std::string& output) const {
  if (output.empty()) return absl::OkStatus();
  if (const JobId user = driver.catalog().FindOutput(output)) {
    return AlreadyExists(
        "job {} is running and writes to '{}'; wait for it, cancel it or choose another output",
        user.value(), output);
  }
  for (const auto& [ticket, pending] : pending_) {
    if (pending.output == output) {
      return AlreadyExists("another job that writes to '{}' is just being submitted", output);
    }
  }
  return absl::OkStatus();
}

Submissions::Pending* Submissions::FindRequest(const std::string& request_id) {
  if (request_id.empty()) return nullptr;
  for (auto& [ticket, pending] : pending_) {
    if (pending.request_id == request_id) return &pending;
  }
  return nullptr;
}

void Submissions::Finish(Driver& driver, std::uint64_t ticket,
                         absl::StatusOr<AdmittedJob> admitted) {
  const auto found = pending_.find(ticket);
  const std::vector<Reply> replies = std::move(found->second.replies);
  pending_.erase(found);
  absl::StatusOr<JobId> answer = JobId();
  if (!admitted.ok()) {
    answer = admitted.status();
  } else {
    answer = driver.Submit(std::make_shared<const v1::JobPlan>(std::move(admitted->plan)));
    // Before what the turn lets out, which may be the job's commit.
    if (admitted->output) committer_->Hold(*answer, *std::move(admitted->output));
  }
  driver.Then([replies, answer] {
    for (const Reply& reply : replies) reply(answer);
  });
}

}  // namespace gristmill::coordinator
