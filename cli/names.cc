#include "cli/names.h"

#include <charconv>

#include "base/status.h"

namespace gristmill::cli {

absl::StatusOr<std::uint64_t> ParseJobId(std::string_view text) {
  constexpr std::string_view kPrefix = "job-";
  const std::string_view digits =
      text.substr(0, kPrefix.size()) == kPrefix ? text.substr(kPrefix.size()) : text;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size() || id == 0) {
    return InvalidArgument(
        "'{}' is not a job id; write a number such as 7 or job-7, 'gristmill list' shows them",
        text);
  }
  return id;
}

std::string JobName(std::uint64_t job) { return fmt::format("job-{}", job); }

std::string_view NameOf(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_QUEUED:
      return "waiting";
    case v1::JOB_STATE_RUNNING:
      return "running";
    case v1::JOB_STATE_SUSPENDED:
      return "suspended";
    case v1::JOB_STATE_COMMITTING:
      return "committing";
    case v1::JOB_STATE_SUCCEEDED:
      return "succeeded";
    case v1::JOB_STATE_FAILED:
      return "failed";
    case v1::JOB_STATE_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

std::string_view NameOf(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STATE_WAITING:
      return "waiting";
    case v1::TASK_STATE_RUNNING:
      return "running";
    case v1::TASK_STATE_SUCCEEDED:
      return "succeeded";
    case v1::TASK_STATE_FAILED:
      return "failed";
    case v1::TASK_STATE_LEFT_OUT:
      return "left out";
    case v1::TASK_STATE_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

std::string_view NameOf(v1::WorkerState state) {
  switch (state) {
    case v1::WORKER_STATE_READY:
      return "ready";
    case v1::WORKER_STATE_DISCONNECTED:
      return "disconnected";
    case v1::WORKER_STATE_DRAINING:
      return "draining";
    case v1::WORKER_STATE_SHORT_OF_DISK:
      return "short of disk";
    case v1::WORKER_STATE_QUARANTINED:
      return "quarantined";
    default:
      return "unknown";
  }
}

}  // namespace gristmill::cli
