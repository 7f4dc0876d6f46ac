#include "coordinator/rpc/submissions.h"

#include <memory>
#include <utility>

#include "base/process.h"
#include "base/status.h"
#include "base/units.h"
#include "coordinator/object_description.h"
#include "coordinator/output_place.h"
#include "storage/shipped_files.h"

namespace gristmill::coordinator {
namespace {
constexpr std::size_t kRequestIdBytesMax = 256;
constexpr std::size_t kRepliesMax = 100;  // clients that wait for one request

// Who keeps the files of a request that is being admitted: no job has such an id.
std::uint64_t FilesOwner(std::uint64_t ticket) { return ticket | std::uint64_t{1} << 63; }

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
    if (same->replies.size() >= kRepliesMax) {
      reply(ResourceExhausted("the same request came {} times already; wait for its answer",
                              kRepliesMax));
      return;
    }
    same->replies.push_back(std::move(reply));
    return;
  }
  const std::string output = NormalOutputPath(request.output());
  if (absl::Status free = CheckOutputFree(driver, output); !free.ok()) {
    reply(free);
    return;
  }
  if (absl::Status room = CheckQueue(driver); !room.ok()) {
    reply(room);
    return;
  }
  const std::uint64_t ticket = next_ticket_++;
  const bool taken = admissions_->TryRun([this, ticket, request] {
    auto admitted = std::make_shared<absl::StatusOr<AdmittedJob>>(AdmitHere(ticket, request));
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

absl::StatusOr<AdmittedJob> Submissions::AdmitHere(std::uint64_t ticket,
                                                   const v1::JobRequest& request) const {
  GM_RETURN_IF_ERROR(KeepFiles(ticket, request, /*only_object=*/false));
  return Admit(request,
               fmt::format("a job that is being submitted to the coordinator on {}", ProcessName()),
               DescriberFor(request));
}

absl::Status Submissions::KeepFiles(std::uint64_t ticket, const v1::JobRequest& request,
                                    bool only_object) const {
  GM_RETURN_IF_ERROR(CheckShippedFiles(request));
  files_->Keep(FilesOwner(ticket), BlobsOf(request));  // until Finish, where the job keeps them
  for (const v1::ShippedFile& file : request.files()) {
    if (files_->Has(file.sha256()) || (only_object && file.name() != request.object())) continue;
    return Aborted("the coordinator does not have '{}', which comes with the job; submit it again",
                   file.name());
  }
  return absl::OkStatus();
}

Describe Submissions::DescriberFor(const v1::JobRequest& request) const {
  if (request.object().empty()) return DescribeOwnJob;
  return [this](const v1::JobRequest& asked) {
    return DescribeObject(asked, files_, describing_directory_);
  };
}

void Submissions::PlanOnly(Driver& driver, const v1::JobRequest& request, DryRunReply reply) {
  absl::Status accepted = CheckOutputFree(driver, NormalOutputPath(request.output()));
  if (accepted.ok()) accepted = CheckQueue(driver);
  if (!accepted.ok()) return reply(accepted);
  const std::uint64_t ticket = next_ticket_++;
  const bool taken = admissions_->TryRun([this, ticket, request, reply] {
    const absl::Status kept = KeepFiles(ticket, request, /*only_object=*/true);
    auto planned = std::make_shared<absl::StatusOr<v1::JobPlan>>(
        kept.ok() ? PlanDryRun(request, DescriberFor(request)) : kept);
    shell_->Post([this, ticket, planned, reply](Driver& later) {
      files_->Release(FilesOwner(ticket));
      reply(FinishDryRun(later, std::move(*planned)));
    });
  });
  if (!taken) {
    reply(ResourceExhausted("the coordinator is busy with other submissions; try again"));
  }
}

absl::StatusOr<Submissions::DryRun> Submissions::FinishDryRun(
    const Driver& driver, absl::StatusOr<v1::JobPlan> planned) const {
  GM_ASSIGN_OR_RETURN(v1::JobPlan plan, std::move(planned));
  GM_RETURN_IF_ERROR(CheckLoad(driver, plan));
  std::string note = driver.core().WhyNoneSuffices(NeedsOf(plan.request()));
  const LoadView load = driver.core().load();
  if (driver.core().workers().empty()) {
    note = "no worker is there; start one with 'gristmill worker'";
  } else if (load.running_jobs >= limits_.running_jobs_max) {
    note = fmt::format("{} jobs run and {} wait before it", load.running_jobs, load.queued_jobs);
  }
  return DryRun{std::move(plan), std::move(note)};
}

absl::Status Submissions::CheckOutputFree(const Driver& driver, const std::string& output) const {
  if (output.empty()) return absl::OkStatus();
  if (const JobId user = driver.catalog().FindOutput(output)) {
    if (driver.catalog().Find(user)->state == JobState::kSuspended) {
      return AlreadyExists(
          "job {0} is suspended and is to write to '{1}'; go on with it by 'gristmill submit "
          "--resume {0}', cancel it or choose another output",
          user.value(), output);
    }
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

absl::Status Submissions::CheckQueue(const Driver& driver) const {
  const LoadView load = driver.core().load();
  const std::size_t jobs =
      load.running_jobs + load.queued_jobs + load.suspended_jobs + pending_.size();
  if (jobs < limits_.running_jobs_max + limits_.queued_jobs_max) return absl::OkStatus();
  return ResourceExhausted(
      "the coordinator has {} running and {} waiting jobs{}, the most that it takes; try again "
      "when "
      "some have ended, or start it with larger --running-jobs or --queued-jobs",
      load.running_jobs, load.queued_jobs + pending_.size(),
      load.suspended_jobs > 0 ? fmt::format(" and {} suspended ones", load.suspended_jobs) : "");
}

absl::Status Submissions::CheckLoad(const Driver& driver, const v1::JobPlan& plan) const {
  std::uint64_t tasks = 0;
  for (const v1::StagePlan& stage : plan.stages()) tasks += stage.task_count();
  if (const std::uint64_t others = driver.core().load().tasks;
      others + tasks > limits_.tasks_max && others > 0) {
    return ResourceExhausted(
        "the jobs that have not ended have {} tasks, and with the {} of this one they would have "
        "more than the {} that a coordinator keeps; try again when some have ended, or make fewer "
        "tasks with a larger --split-size",
        others, tasks, limits_.tasks_max);
  }
  const std::uint64_t others = driver.catalog().live_plan_bytes();
  if (others + plan.ByteSizeLong() <= limits_.plan_bytes_max || others == 0) {
    return absl::OkStatus();
  }
  return ResourceExhausted(
      "the jobs that have not ended name so many input files that this one's do not fit into the "
      "{} "
      "that a coordinator keeps of them; try again when some have ended, or join the files into "
      "fewer",
      FormatBytes(limits_.plan_bytes_max));
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
  } else if (absl::Status fits = CheckLoad(driver, admitted->plan); !fits.ok()) {
    answer = fits;
    Abandon(std::move(admitted->output));
  } else {
    answer = driver.Submit(std::make_shared<const v1::JobPlan>(std::move(admitted->plan)));
    // Before what the turn lets out, which may be the job's commit.
    if (admitted->output) committer_->Hold(*answer, *std::move(admitted->output));
  }
  files_->Release(FilesOwner(ticket));
  driver.Then([replies, answer] {
    for (const Reply& reply : replies) reply(answer);
  });
}

void Submissions::Abandon(std::optional<StagedOutput> output) {
  if (!output) return;
  const auto shared = std::make_shared<StagedOutput>(*std::move(output));
  admissions_->Run([shared] { shared->Abandon(); });
}

}  // namespace gristmill::coordinator
