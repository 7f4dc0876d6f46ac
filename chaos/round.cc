#include "chaos/round.h"

#include <algorithm>
#include <optional>

#include "base/status.h"
#include "base/units.h"
#include "chaos/job_follower.h"
#include "cli/progress_display.h"
#include "storage/output_difference.h"

namespace gristmill::chaos {
namespace {

constexpr DurationMs kLookMs = 50;
// The workers come back by themselves within that, whatever was done to them.
constexpr DurationMs kReturnMs = 90'000;

Attempts AttemptsOf(const v1::JobStatus& status) {
  Attempts attempts;
  for (const v1::StageStatus& stage : status.stages()) {
    attempts.tasks += stage.tasks_total();
    attempts.outputs_lost += stage.outputs_lost();
    attempts.copies += stage.copies_started();
    attempts.failed += stage.attempts_failed();
  }
  return attempts;
}

std::string DescribeStages(const v1::JobStatus& status) {
  std::string text;
  for (const v1::StageStatus& stage : status.stages()) {
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", stage.tasks_succeeded(),
                        stage.tasks_total());
  }
  return text.empty() ? "nothing" : text;
}

absl::Status Outcome(const absl::StatusOr<v1::JobStatus>& status) {
  if (!status.ok()) return Internal("the job was lost sight of: {}", Message(status.status()));
  if (status->state() == v1::JOB_STATE_SUCCEEDED) return absl::OkStatus();
  return Internal("the job failed: {}", status->message());
}

absl::Status CheckOutput(const RoundOptions& options) {
  GM_ASSIGN_OR_RETURN(const std::optional<OutputDifference> difference,
                      FindDifference(options.expected_output, options.request.output()));
  if (!difference) return absl::OkStatus();
  return absl::DataLossError(DescribeDifference(*difference, "the sequential run"));
}

}  // namespace

void Attempts::Add(const Attempts& other) {
  tasks += other.tasks;
  started += other.started;
  outputs_lost += other.outputs_lost;
  copies += other.copies;
  failed += other.failed;
}

absl::Status RoundRunner::Prepare() {
  GM_ASSIGN_OR_RETURN(last_attempt_, NextAttempt("before all rounds"));
  return absl::OkStatus();
}

Round RoundRunner::Run(const RoundOptions& options, const OnProgress& on_progress) {
  Round round;
  round.seed = options.seed;
  round.broken = RunJob(options, on_progress, &round);
  if (round.broken.ok()) {
    round.broken = CheckOutput(options);
  }
  if (!round.broken.ok()) children_->KillAll();
  return round;
}

absl::Status RoundRunner::RunJob(const RoundOptions& options, const OnProgress& on_progress,
                                 Round* round) {
  v1::JobRequest request = options.request;
  request.set_request_id(options.name);
  JobFollower follower(client_, request, options.files);
  const absl::Status struck = Strike(options, on_progress, round, &follower);
  if (!struck.ok()) {
    follower.Abandon();
    children_->KillAll();  // the follower's end follows
    return struck;
  }
  const absl::StatusOr<v1::JobStatus> status = follower.result();
  GM_RETURN_IF_ERROR(Outcome(status));
  GM_RETURN_IF_ERROR(cluster_->WaitForWorkers(kReturnMs));
  GM_ASSIGN_OR_RETURN(const std::uint64_t next, NextAttempt(options.name));
  round->attempts = AttemptsOf(*status);
  round->attempts.started = next - last_attempt_ - 1;
  last_attempt_ = next;
  return absl::OkStatus();
}

absl::Status RoundRunner::Strike(const RoundOptions& options, const OnProgress& on_progress,
                                 Round* round, JobFollower* follower) {
  const Instant begin = cli::MonotonicNow();
  const Instant rest = begin + options.storm_ms;
  const Instant give_up = rest + options.patience_ms;
  std::optional<Injector> injector;
  if (!options.faults.empty()) {
    injector.emplace(cluster_, network_, StrikePlan(options.seed, options.faults, options.limits),
                     begin);
  }
  absl::Status acted;
  for (Instant now = begin; acted.ok(); now = cli::MonotonicNow()) {
    if (now >= give_up) {
      acted = DeadlineExceeded("the job hangs: {} s after the last fault it has done {} tasks",
                               options.patience_ms / 1000, DescribeStages(follower->newest()));
      break;
    }
    if (injector && now >= rest) injector->Rest();
    if (injector) acted = injector->Act(now);
    on_progress(follower->newest(), injector ? injector->deeds().size() : 0);
    const Instant next = injector ? std::min(injector->next(), now + kLookMs) : now + kLookMs;
    if (acted.ok() && follower->AwaitEnd(std::max<DurationMs>(next - cli::MonotonicNow(), 0))) {
      break;
    }
  }
  round->took_ms = cli::MonotonicNow() - begin;
  if (!injector) return acted;
  round->deeds = injector->deeds();
  round->counts = injector->counts();
  if (acted.ok()) acted = injector->MendAll();
  return acted;
}

// Attempts are numbered through: a job of one task tells where the next number is. It also shows
// that the cluster is well.
absl::StatusOr<std::uint64_t> RoundRunner::NextAttempt(const std::string& name) {
  v1::JobRequest request;
  request.set_job("noop");
  request.set_splits(1);
  request.set_request_id(name + ", then");
  JobFollower follower(client_, request);
  if (!follower.AwaitEnd(kReturnMs)) {
    follower.Abandon();
    children_->KillAll();
    return DeadlineExceeded("the cluster is not well: an empty job hangs for {} s",
                            kReturnMs / 1000);
  }
  const absl::StatusOr<v1::JobStatus> status = follower.result();
  GM_RETURN_IF_ERROR(Outcome(status));
  v1::TasksRequest tasks;
  tasks.set_job(status->id());
  GM_ASSIGN_OR_RETURN(const v1::TasksResponse response, client_->Tasks(tasks));
  if (response.tasks_size() != 1) return Internal("an empty job had other than one task");
  return response.tasks(0).attempt();
}

}  // namespace gristmill::chaos
