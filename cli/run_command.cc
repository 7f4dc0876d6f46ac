#include "cli/run_command.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "base/status.h"
#include "cli/dry_run.h"
#include "cli/embedded_run.h"
#include "cli/exit_code.h"
#include "cli/job_log.h"
#include "cli/json.h"
#include "cli/placed_files.h"
#include "cli/profile.h"
#include "cli/progress_display.h"
#include "cli/signals.h"
#include "cli/temp_directory.h"
#include "stream/child_groups.h"
#include "worker/pipeline/task_executor.h"
#include "worker/worker.h"

namespace gristmill::cli {
namespace {

// Tells how the job ended; returns the exit code.
int Conclude(const v1::JobStatus& status, const std::vector<v1::Counter>& counters,
             bool was_interrupted, const RunFlags& flags) {
  if (was_interrupted && status.state() == v1::JOB_STATE_CANCELLED) {
    fmt::print(stderr, "gristmill: interrupted; nothing was left in the output directory\n");
    return kInterrupted;
  }
  const DurationMs elapsed_ms = ElapsedMs(status, UnixNowMs());
  if (flags.teller != nullptr) {
    flags.teller->End(status, counters);
  } else if (status.state() != v1::JOB_STATE_SUCCEEDED) {
    fmt::print(stderr, "gristmill: {}\n", RenderSummary(status, counters, elapsed_ms));
  } else if (!flags.quiet) {
    fmt::print(stderr, "{}\n", RenderSummary(status, counters, elapsed_ms));
  }
  return ExitCodeOf(status);
}

int WriteLog(const std::string& path, const EmbeddedOutcome& outcome, int code) {
  if (path.empty()) return code;
  const absl::Status written =
      WriteJobLog(path, [&](std::uint64_t) -> absl::StatusOr<v1::TasksResponse> {
        v1::TasksResponse all;
        for (const v1::TaskStatus& task : outcome.tasks) *all.add_tasks() = task;
        return all;
      });
  if (written.ok()) return code;
  const int failed = Fail(written);
  return code == kDone ? failed : code;
}

// Whether the job may run: with --dry-run it is told what it would do, and does not.
absl::StatusOr<bool> MayRun(const RunFlags& flags, const v1::JobRequest& request,
                            const EmbeddedOptions& options) {
  const ControlFlags& control = flags.job.control;
  if (!control.dry_run && !control.keep_order) return true;
  GM_ASSIGN_OR_RETURN(const v1::JobPlan plan, PlanEmbedded(request, options));
  GM_RETURN_IF_ERROR(CheckKeepOrder(control, plan));
  if (!control.dry_run) return true;
  fmt::print("{}", flags.json ? ToJson(DryRunReportOf(plan, "")) : RenderDryRun(plan, ""));
  return false;
}

}  // namespace

int RunJob(const RunFlags& flags) {
  absl::StatusOr<v1::JobRequest> request = BuildRequest(flags.job);
  if (!request.ok()) return Fail(request.status());
  const absl::StatusOr<std::vector<LocalFile>> files = BringFiles(flags.job, &*request);
  if (!files.ok()) return Fail(files.status());
  if (flags.json && !flags.job.control.dry_run) {
    return Fail(InvalidArgument("--json is for --dry-run; 'run' prints nothing else as JSON"));
  }
  if (!flags.job.control.dry_run) {
    const absl::Status log = CheckJobLog(flags.job.control.job_log);
    if (!log.ok()) return Fail(log);
  }
  if (const std::string hint = HintAtForgottenFile(*request); !hint.empty()) {
    fmt::print(stderr, "gristmill: {}\n", hint);
  }
  const absl::StatusOr<TempDirectory> spill = TempDirectory::Make(flags.work_directory);
  if (!spill.ok()) return Fail(spill.status());

  std::atomic<bool> cancelled{false};
  const SignalWatcher signals([&](int count, int signal) {
    cancelled = true;
    if (count == 1) {
      fmt::print(stderr, "\n{}cancelling once the running tasks stop; {} ends at once\n",
                 signal == SIGTERM ? "SIGTERM: " : "",
                 signal == SIGTERM ? "a second signal" : "Ctrl-C again");
      return;
    }
    stream::ChildGroups::OfThisProcess().KillAll();
    spill->Remove();
    _exit(kInterrupted);
  });
  ProgressDisplay display(flags.quiet || flags.teller != nullptr);
  EmbeddedOptions options;
  options.threads = flags.threads > 0 ? flags.threads : worker::AvailableCpus();
  options.memory_bytes = worker::AvailableMemory();
  options.gpus = flags.gpus;
  options.keep_tasks = !flags.job.control.job_log.empty();
  options.spill_directory = spill->path();
  options.directory = worker::JobFilesDirectory(spill->path(), 1);
  const absl::StatusOr<const JobInfo*> job =
      PlaceFiles(*request, *files, spill->path(), options.directory);
  if (!job.ok()) return Fail(job.status());
  options.job = *job;
  const absl::StatusOr<bool> may_run = MayRun(flags, *request, options);
  if (!may_run.ok()) return Fail(may_run.status());
  if (!*may_run) return kDone;
  options.on_progress = [&](const v1::JobStatus& status) {
    flags.teller != nullptr ? flags.teller->Update(status) : display.Update(status);
  };
  options.cancelled = &cancelled;
  options.on_stuck = [&](const v1::JobStatus& status) {
    display.Finish();
    const int code = Conclude(status, {}, cancelled, flags);
    stream::ChildGroups::OfThisProcess().KillAll();
    spill->Remove();
    _exit(code);
  };
  const absl::StatusOr<EmbeddedOutcome> outcome = RunEmbedded(*request, options);
  display.Finish();
  if (!outcome.ok()) return Fail(outcome.status());

  const int code = Conclude(outcome->status, outcome->counters, cancelled, flags);
  if (flags.profile && (code == kDone || code == kLeftOut)) {
    fmt::print(
        stderr, "{}",
        RenderProfile(outcome->counters, options.threads, ElapsedMs(outcome->status, UnixNowMs())));
  }
  return WriteLog(flags.job.control.job_log, *outcome, code);
}

}  // namespace gristmill::cli
