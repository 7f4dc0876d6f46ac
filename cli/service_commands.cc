#include "cli/service_commands.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "base/labels.h"
#include "base/status.h"
#include "base/units.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "client/client.h"

namespace gristmill::cli {
namespace {

absl::Status ParseDurationFlag(std::string_view flag, const std::string& text, DurationMs* ms) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<DurationMs> parsed = ParseDuration(text);
  if (!parsed.ok()) return InvalidArgument("{}: {}", flag, Message(parsed.status()));
  *ms = *parsed;
  return absl::OkStatus();
}

void StartLog(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("gristmill"));
  spdlog::set_level(spdlog::level::from_str(level));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  spdlog::flush_on(spdlog::level::trace);
}

absl::Status CheckCoordinatorFlags(CoordinatorFlags* flags) {
  coordinator::ServerOptions& options = flags->options;
  GM_RETURN_IF_ERROR(ParseDurationFlag("--heartbeat", flags->heartbeat, &options.heartbeat_ms));
  GM_RETURN_IF_ERROR(ParseDurationFlag("--lease", flags->lease, &options.lease_ms));
  GM_RETURN_IF_ERROR(ParseDurationFlag("--quarantine", flags->quarantine, &options.quarantine_ms));
  if (options.heartbeat_ms < 10 || options.lease_ms < 2 * options.heartbeat_ms) {
    return InvalidArgument(
        "--lease {} is too short for --heartbeat {}; a lease must last two heartbeats or more, and "
        "a heartbeat 10ms or more",
        FormatDuration(options.lease_ms), FormatDuration(options.heartbeat_ms));
  }
  if (options.keep_jobs == 0) {
    return InvalidArgument("--keep-jobs is at least 1: the job that ended last");
  }
  if (options.running_jobs == 0) {
    return InvalidArgument("--running-jobs is at least 1; to take no jobs, stop the coordinator");
  }
  if (!flags->file_space.empty()) {
    const absl::StatusOr<std::uint64_t> bytes = ParseBytes(flags->file_space);
    if (!bytes.ok()) return InvalidArgument("--file-space: {}", Message(bytes.status()));
    options.file_bytes = *bytes;
  }
  std::error_code error;
  options.journal_path = std::filesystem::absolute(options.journal_path, error).string();
  if (error) return InvalidArgument("--journal is not a path: {}", error.message());
  return absl::OkStatus();
}

constexpr std::uint64_t kRunnerMemoryMin = std::uint64_t{128} << 20;

absl::Status ParseRunnerMemory(const std::string& text, std::optional<std::uint64_t>* bytes) {
  if (text.empty()) return absl::OkStatus();
  if (text == "none") {
    *bytes = 0;
    return absl::OkStatus();
  }
  const absl::StatusOr<std::uint64_t> parsed = ParseBytes(text);
  if (!parsed.ok()) {
    return InvalidArgument("--runner-memory: {}, or none", Message(parsed.status()));
  }
  if (*parsed < kRunnerMemoryMin) {
    return InvalidArgument("--runner-memory {} is too little; give a runner {} or more",
                           FormatBytes(*parsed), FormatBytes(kRunnerMemoryMin));
  }
  *bytes = *parsed;
  return absl::OkStatus();
}

absl::Status CheckWorkerFlags(WorkerFlags* flags) {
  worker::WorkerOptions& options = flags->options;
  GM_RETURN_IF_ERROR(
      ParseDurationFlag("--reconnect-for", flags->reconnect_for, &options.reconnect_for_ms));
  GM_RETURN_IF_ERROR(
      ParseDurationFlag("--drain-deadline", flags->drain_deadline, &options.drain_deadline_ms));
  if (!flags->spill_reserve.empty()) {
    const absl::StatusOr<std::uint64_t> reserve = ParseBytes(flags->spill_reserve);
    if (!reserve.ok()) return InvalidArgument("--spill-reserve: {}", Message(reserve.status()));
    options.spill_reserve_bytes = *reserve;
  }
  if (!flags->memory.empty()) {
    const absl::StatusOr<std::uint64_t> memory = ParseBytes(flags->memory);
    if (!memory.ok()) return InvalidArgument("--memory: {}", Message(memory.status()));
    if (*memory == 0) return InvalidArgument("--memory is zero; give it a size such as 64GiB");
    options.memory_bytes = *memory;
  }
  options.labels = SortedLabels(flags->labels);
  if (const absl::Status labels = CheckLabels(options.labels); !labels.ok()) {
    return InvalidArgument("--label: {}", Message(labels));
  }
  GM_RETURN_IF_ERROR(ParseRunnerMemory(flags->runner_memory, &options.runner_memory_bytes));
  GM_ASSIGN_OR_RETURN(options.coordinator, CoordinatorAddress(options.coordinator));
  if (options.directory.empty()) {
    const char* env = std::getenv("TMPDIR");
    options.directory =
        fmt::format("{}/gristmill-{}", env != nullptr && *env ? env : "/tmp", getuid());
  }
  std::error_code error;
  options.directory = std::filesystem::absolute(options.directory, error).string();
  if (!error) std::filesystem::create_directories(options.directory, error);
  if (error) {
    return PermissionDenied("can't make the worker's directory {}: {}; pass another with --dir",
                            options.directory, error.message());
  }
  return absl::OkStatus();
}

worker::ShuffleCompression CompressionOf(const std::string& word) {
  if (word == "on") return worker::ShuffleCompression::kAlways;
  return word == "off" ? worker::ShuffleCompression::kNever
                       : worker::ShuffleCompression::kWherePays;
}

}  // namespace

int RunCoordinator(CoordinatorFlags flags) {
  if (const absl::Status status = CheckCoordinatorFlags(&flags); !status.ok()) return Fail(status);
  StartLog(flags.log_level);
  absl::Notification stop;
  const SignalWatcher signals([&stop](int count, int) {
    if (count > 1) _exit(kInterrupted);
    stop.Notify();
  });
  const auto server = coordinator::Server::Start(flags.options);
  if (!server.ok()) {
    Fail(server.status());
    return kRefused;
  }
  const std::string& listen = flags.options.listen;
  fmt::print(stderr, "coordinator listens on {}:{}, journal {}\n",
             listen.substr(0, listen.rfind(':')), (*server)->port(), flags.options.journal_path);
  stop.WaitForNotification();
  spdlog::info("shutting down; jobs go on when a coordinator starts on this journal again");
  (*server)->Shutdown();
  return kDone;
}

int RunWorker(WorkerFlags flags) {
  if (const absl::Status status = CheckWorkerFlags(&flags); !status.ok()) return Fail(status);
  flags.options.share_spill_directory = flags.shuffle == "local";
  flags.options.shuffle_compression = CompressionOf(flags.shuffle_compression);
  StartLog(flags.log_level);
  absl::Mutex mutex;
  worker::Worker* running = nullptr;  // guarded by mutex
  const SignalWatcher signals([&](int count, int) {
    const absl::MutexLock lock(&mutex);
    if (running == nullptr || count > 2) _exit(kInterrupted);
    spdlog::info(count == 1 ? "draining; a second signal ends the worker at once"
                            : "leaving at once");
    running->Drain();
  });
  const auto worker = worker::Worker::Start(flags.options);
  if (!worker.ok()) {
    Fail(worker.status());
    return worker.status().code() == absl::StatusCode::kUnavailable ? kNoCluster : kRefused;
  }
  {
    const absl::MutexLock lock(&mutex);
    running = worker->get();
  }
  fmt::print(stderr, "worker joins the coordinator at {}, spill files in {}\n",
             flags.options.coordinator, flags.options.directory);
  const absl::Status status = (*worker)->Wait();
  {
    const absl::MutexLock lock(&mutex);
    running = nullptr;
  }
  return status.ok() ? kDone : Fail(status);
}

}  // namespace gristmill::cli
