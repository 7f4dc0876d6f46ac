// Submitting a job and following it to its end.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "cli/cluster_commands.h"
#include "cli/dry_run.h"
#include "cli/exit_code.h"
#include "cli/job_log.h"
#include "cli/json.h"
#include "cli/names.h"
#include "cli/profile.h"
#include "cli/progress_display.h"
#include "cli/signals.h"
#include "client/client.h"

namespace gristmill::cli {
namespace {

// A coordinator that goes away while a job is submitted is waited for.
constexpr DurationMs kPatienceMs = 60'000;

// Ctrl-C ends the process, not the job, and says so. Made before the client starts threads.
class Interruption {
 public:
  Interruption() : watcher_([this](int, int) { Leave(); }) {}
  void SetJob(std::uint64_t job) { job_ = job; }

 private:
  void Leave() const {
    const std::uint64_t job = job_.load();
    if (job == 0) {
      fmt::print(stderr, "\ngristmill: interrupted; 'gristmill list' shows what was submitted\n");
    } else {
      fmt::print(stderr,
                 "\ngristmill: {0} goes on without you; 'gristmill watch {0}' shows it again, "
                 "'gristmill cancel {0}' stops it\n",
                 JobName(job));
    }
    _exit(kInterrupted);
  }

  std::atomic<std::uint64_t> job_{0};
  const SignalWatcher watcher_;
};

// Shows the job until it ended or was suspended; prints the summary, and the profile if that was
// asked for.
int Follow(Client& client, std::uint64_t job, const ClusterFlags& flags, bool quiet, bool profile,
           const std::string& job_log = "", JobTeller* teller = nullptr) {
  ProgressDisplay display(quiet || teller != nullptr);
  const absl::StatusOr<v1::JobStatus> status = client.Watch(job, [&](const v1::JobStatus& now) {
    teller != nullptr ? teller->Update(now) : display.Update(now);
    return now.state() != v1::JOB_STATE_SUSPENDED;  // somebody else is to act now
  });
  display.Finish();
  if (!status.ok()) return Fail(status.status());
  if (flags.json) std::fputs(ToJson(*status).c_str(), stdout);
  const bool failed = status->state() != v1::JOB_STATE_SUCCEEDED;
  profile = profile && !failed;
  if (failed || !quiet || profile) {
    std::vector<v1::Counter> counters;
    if (const auto response = client.Counters(job); response.ok()) {
      counters.assign(response->counters().begin(), response->counters().end());
    }
    const DurationMs elapsed_ms = ElapsedMs(*status, UnixNowMs());
    if (teller != nullptr) {
      teller->End(*status, counters);
    } else if (failed || !quiet) {
      fmt::print(stderr, "{}{}\n", failed ? "gristmill: " : "",
                 RenderSummary(*status, counters, elapsed_ms));
    }
    if (profile) {
      fmt::print(stderr, "{}", RenderProfile(counters, status->slots(), elapsed_ms));
    }
  }
  if (!job_log.empty()) {
    const absl::Status written = WriteJobLog(job_log, [&](std::uint64_t token) {
      v1::TasksRequest request;
      request.set_job(job);
      request.set_page_token(token);
      return client.Tasks(request);
    });
    if (!written.ok()) {
      const int code = Fail(written);
      if (!failed) return code;
    }
  }
  return ExitCodeOf(*status);
}

// Tells what the job would do.
int DryRun(Client& client, const v1::JobRequest& request, const std::vector<LocalFile>& files,
           const SubmitFlags& flags) {
  const absl::StatusOr<v1::SubmitResponse> planned = client.DryRun(request, files);
  if (!planned.ok()) return Fail(planned.status());
  if (const absl::Status ordered = CheckKeepOrder(flags.job.control, planned->plan());
      !ordered.ok()) {
    return Fail(ordered);
  }
  if (!flags.job.control.dry_run) return kDone;
  const v1::JobPlan& plan = planned->plan();
  fmt::print("{}", flags.cluster.json ? ToJson(DryRunReportOf(plan, planned->note()))
                                      : RenderDryRun(plan, planned->note()));
  return kDone;
}

// The job is there: says so, and follows it if that was asked for.
int GoOn(Client& client, std::uint64_t job, const SubmitFlags& flags) {
  if (flags.teller == nullptr && !flags.cluster.json) {
    fmt::print("{}\n", JobName(job));
  } else if (!flags.wait) {
    // The answer without what only a dry run has.
    fmt::print("{{\n \"job\": \"{}\"\n}}\n", job);
  }
  std::fflush(stdout);
  if (flags.wait) {
    return Follow(client, job, flags.cluster, flags.quiet, flags.profile, flags.job.control.job_log,
                  flags.teller);
  }
  if (!flags.quiet) {
    fmt::print(stderr, "watch it with 'gristmill watch {0}', stop it with 'gristmill cancel {0}'\n",
               JobName(job));
  }
  return kDone;
}

int ResumeJob(const SubmitFlags& flags) {
  const absl::StatusOr<std::uint64_t> job = ParseJobId(flags.resume);
  if (!job.ok()) return Fail(job.status());
  std::optional<Interruption> interruption;
  if (flags.wait) interruption.emplace();
  const absl::StatusOr<std::string> address = CoordinatorAddress(flags.cluster.coordinator);
  if (!address.ok()) return Fail(address.status());
  if (const absl::Status log = CheckJobLog(flags.job.control.job_log); !log.ok()) return Fail(log);
  Client client(*address);
  const absl::StatusOr<v1::JobStatus> resumed = client.Resume(*job);
  if (!resumed.ok()) return Fail(resumed.status());
  if (interruption) interruption->SetJob(*job);
  return GoOn(client, *job, flags);
}

}  // namespace

int SubmitJob(const SubmitFlags& flags) {
  if (!flags.resume.empty()) return ResumeJob(flags);
  absl::StatusOr<v1::JobRequest> request = BuildRequest(flags.job);
  if (!request.ok()) return Fail(request.status());
  const absl::StatusOr<std::vector<LocalFile>> files = BringFiles(flags.job, &*request);
  if (!files.ok()) return Fail(files.status());
  if (const std::string hint = HintAtForgottenFile(*request); !hint.empty()) {
    fmt::print(stderr, "gristmill: {}\n", hint);
  }
  std::optional<Interruption> interruption;
  if (flags.wait) interruption.emplace();
  const absl::StatusOr<std::string> address = CoordinatorAddress(flags.cluster.coordinator);
  if (!address.ok()) return Fail(address.status());
  Client client(*address);
  if (!flags.job.control.dry_run) {
    const absl::Status log = CheckJobLog(flags.job.control.job_log);
    if (!log.ok()) return Fail(log);
  }
  if (flags.job.control.dry_run || flags.job.control.keep_order) {
    const int code = DryRun(client, *request, *files, flags);
    if (code != kDone || flags.job.control.dry_run) return code;
  }
  const absl::StatusOr<std::uint64_t> job = client.Submit(*request, kPatienceMs, *files);
  if (!job.ok()) return Fail(job.status());
  if (interruption) interruption->SetJob(*job);
  return GoOn(client, *job, flags);
}

int WatchJob(const ClusterFlags& flags, const std::string& job, bool quiet) {
  const absl::StatusOr<std::uint64_t> id = ParseJobId(job);
  if (!id.ok()) return Fail(id.status());
  Interruption interruption;
  interruption.SetJob(*id);
  const absl::StatusOr<std::string> address = CoordinatorAddress(flags.coordinator);
  if (!address.ok()) return Fail(address.status());
  Client client(*address);
  return Follow(client, *id, flags, quiet, /*profile=*/false);
}

}  // namespace gristmill::cli
