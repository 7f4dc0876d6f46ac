#include "replay/replay.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/names.h"
#include "cli/signals.h"
#include "cli/temp_directory.h"
#include "client/client.h"
#include "replay/prepared_task.h"
#include "replay/tools.h"
#include "storage/task_input.h"
#include "stream/child_groups.h"
#include "worker/rpc/blob_client.h"
#include "worker/worker.h"

namespace gristmill::replay {
namespace {

std::string NameOf(const v1::TaskStatus& task) {
  return fmt::format("{}-{}", StageName(task), task.id().task());
}

// Pages through the job's tasks to the first that is meant.
template <class IsMeant>
absl::StatusOr<std::optional<v1::TaskStatus>> FindTask(Client& client, std::uint64_t job,
                                                       IsMeant is_meant) {
  v1::TasksRequest request;
  request.set_job(job);
  do {
    GM_ASSIGN_OR_RETURN(const v1::TasksResponse page, client.Tasks(request));
    for (const v1::TaskStatus& task : page.tasks()) {
      if (is_meant(task)) return task;
    }
    request.set_page_token(page.next_page_token());
  } while (request.page_token() != 0);
  return std::nullopt;
}

absl::StatusOr<v1::TaskStatus> FindTask(Client& client, const ReplayOptions& options) {
  const auto is_meant = [&](const v1::TaskStatus& task) {
    if (!options.task.empty()) return NameOf(task) == options.task;
    return task.state() == v1::TASK_STATE_FAILED || task.state() == v1::TASK_STATE_LEFT_OUT;
  };
  GM_ASSIGN_OR_RETURN(const std::optional<v1::TaskStatus> found,
                      FindTask(client, options.job, is_meant));
  if (found) return *found;
  if (options.task.empty()) {
    return FailedPrecondition(
        "job {0} has no task that failed; name the one to replay, such as map-0; 'gristmill tasks "
        "{0}' lists them",
        options.job);
  }
  return NotFound(
      "job {0} has no task '{1}'; a task is named such as map-0 or reduce-3, and "
      "'gristmill tasks {0}' lists them",
      options.job, options.task);
}

absl::StatusOr<std::string> OwnPath() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Internal("can't find this program: {}", error.message());
  return path.string();
}

void ShowProgress(std::uint32_t done, std::uint32_t all) {
  if (isatty(STDERR_FILENO) != 1) return;
  fmt::print(stderr, "\r{} of {} tasks whose output it reads{}", done, all,
             done == all ? "\n" : "\x1b[K");
}

// The command that runs the prepared task, and what to call the task.
struct Prepared {
  std::string name;
  std::vector<std::string> command;
};

absl::StatusOr<Prepared> PrepareTask(const ReplayOptions& options, const std::string& directory) {
  GM_ASSIGN_OR_RETURN(const std::string address, CoordinatorAddress(options.coordinator));
  GM_ASSIGN_OR_RETURN(const std::string program, OwnPath());
  Client client(address);
  GM_ASSIGN_OR_RETURN(const v1::TaskStatus task, FindTask(client, options));
  GM_ASSIGN_OR_RETURN(const v1::TaskDescription description, client.DescribeTask(task.id()));
  Prepared prepared{NameOf(task), {program, "replay", "--from", directory}};
  fmt::print(stderr, "{} of {}, {}\n", prepared.name, cli::JobName(options.job), task.split());
  worker::BlobClient blobs(address);
  const auto fetch = [&blobs](const v1::ShippedFile& file, BlobStore* store) {
    return blobs.Fetch(file, store);
  };
  GM_RETURN_IF_ERROR(Prepare(description, directory, worker::AvailableCpus(), fetch, ShowProgress));
  return prepared;
}

int RunUnderTool(const ReplayOptions& options, const Prepared& prepared,
                 const std::string& directory) {
  const std::string hint = HintAfter(options.tool, directory);
  if (!hint.empty()) fmt::print(stderr, "{}\n", hint);
  fmt::print(stderr, "again with '{}', without the tool; its files stay in {}\n",
             fmt::join(prepared.command, " "), directory);
  const absl::Status failed = Become(UnderTool(options.tool, prepared.command, directory));
  return cli::Fail(failed);
}

int RunHere(const ReplayOptions& options, const Prepared& prepared, RunningChild* child) {
  const absl::StatusOr<int> code = child->RunAndWait(prepared.command);
  if (!code.ok()) return cli::Fail(code.status());
  if (*code <= 128) return *code;
  return cli::Fail(
      Internal("{0} of job {1} was killed by signal {2} ({3}); 'gristmill replay {1} "
               "{0} --gdb' stops where it happens",
               prepared.name, options.job, *code - 128, strsignal(*code - 128)));
}

}  // namespace

int Replay(const ReplayOptions& options) {
  absl::StatusOr<cli::TempDirectory> files = cli::TempDirectory::Make(options.directory);
  if (!files.ok()) return cli::Fail(files.status());
  RunningChild child;
  std::optional<cli::SignalWatcher> signals(std::in_place, [&](int, int) {
    child.Kill();
    stream::ChildGroups::OfThisProcess().KillAll();
    files->Remove();
    _exit(cli::kInterrupted);
  });
  const absl::StatusOr<Prepared> prepared = PrepareTask(options, files->path());
  if (!prepared.ok()) return cli::Fail(prepared.status());
  if (options.tool == Tool::kNone) return RunHere(options, *prepared, &child);
  signals.reset();  // they are the tool's
  return RunUnderTool(options, *prepared, files->path());
}

int ReplayPrepared(const std::string& directory) {
  std::error_code ignored;
  const absl::StatusOr<v1::TaskReport> report =
      RunPrepared(std::filesystem::absolute(directory, ignored).string());
  if (!report.ok()) return cli::Fail(report.status());
  if (report->outcome() != v1::TASK_OUTCOME_SUCCEEDED) {
    return cli::Fail(Internal("the task fails: {}", report->message()));
  }
  fmt::print(stderr, "the task succeeds\n");
  return cli::kDone;
}

}  // namespace gristmill::replay
