#include "cli/run_command.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "base/status.h"
#include "cli/embedded_run.h"
#include "cli/exit_code.h"
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
             bool was_interrupted, bool quiet) {
  if (was_interrupted && status.state() == v1::JOB_STATE_CANCELLED) {
    fmt::print(stderr, "gristmill: interrupted; nothing was left in the output directory\n");
    return kInterrupted;
  }
  const DurationMs elapsed_ms = ElapsedMs(status, UnixNowMs());
  if (status.state() != v1::JOB_STATE_SUCCEEDED) {
    fmt::print(stderr, "gristmill: {}\n", RenderSummary(status, counters, elapsed_ms));
  } else if (!quiet) {
    fmt::print(stderr, "{}\n", RenderSummary(status, counters, elapsed_ms));
  }
  return ExitCodeOf(status.state());
}

}  // namespace

int RunJob(const RunFlags& flags) {
  absl::StatusOr<v1::JobRequest> request = BuildRequest(flags.job);
  if (!request.ok()) return Fail(request.status());
  const absl::StatusOr<std::vector<LocalFile>> files = BringFiles(flags.job, &*request);
  if (!files.ok()) return Fail(files.status());
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
  ProgressDisplay display(flags.quiet);
  EmbeddedOptions options;
  options.threads = flags.threads > 0 ? flags.threads : worker::AvailableCpus();
  options.spill_directory = spill->path();
  options.directory = worker::JobFilesDirectory(spill->path(), 1);
  const absl::StatusOr<const JobInfo*> job =
      PlaceFiles(*request, *files, spill->path(), options.directory);
  if (!job.ok()) return Fail(job.status());
  options.job = *job;
  options.on_progress = [&](const v1::JobStatus& status) { display.Update(status); };
  options.cancelled = &cancelled;
  options.on_stuck = [&](const v1::JobStatus& status) {
    display.Finish();
    const int code = Conclude(status, {}, cancelled, flags.quiet);
    stream::ChildGroups::OfThisProcess().KillAll();
    spill->Remove();
    _exit(code);
  };
  const absl::StatusOr<EmbeddedOutcome> outcome = RunEmbedded(*request, options);
  display.Finish();
  if (!outcome.ok()) return Fail(outcome.status());

  const int code = Conclude(outcome->status, outcome->counters, cancelled, flags.quiet);
  if (flags.profile && code == kDone) {
    fmt::print(
        stderr, "{}",
        RenderProfile(outcome->counters, options.threads, ElapsedMs(outcome->status, UnixNowMs())));
  }
  return code;
}

}  // namespace gristmill::cli
