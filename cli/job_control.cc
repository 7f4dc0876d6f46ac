#include "cli/job_control.h"

#include <charconv>
#include <string_view>

#include "base/labels.h"
#include "base/status.h"
#include "base/units.h"

namespace gristmill::cli {
namespace {

// None unless all of the text is a number.
std::optional<std::uint32_t> ParseNumber(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

absl::Status AddTimeout(const std::string& text, v1::JobRequest* request) {
  if (text.empty()) return absl::OkStatus();
  if (text.ends_with('%')) {
    const auto percent = ParseNumber(std::string_view(text).substr(0, text.size() - 1));
    if (!percent || *percent == 0) {
      return InvalidArgument(
          "--task-timeout '{}' is no percentage; write a whole number such as 300%", text);
    }
    request->set_task_timeout_percent(*percent);
    return absl::OkStatus();
  }
  const absl::StatusOr<DurationMs> ms = ParseDuration(text);
  if (!ms.ok()) return InvalidArgument("--task-timeout: {}", Message(ms.status()));
  if (*ms == 0) {
    return InvalidArgument("--task-timeout is zero; give it a time such as 10m, or leave it out");
  }
  request->set_task_timeout_ms(static_cast<std::uint64_t>(*ms));
  return absl::OkStatus();
}

// GNU parallel's words: WHEN,WHY=N where WHEN is now, soon or never, and WHY is fail, success or
// done. A job that fails here stops at once.
absl::Status AddHalt(const std::string& text, v1::JobRequest* request) {
  if (text.empty()) return absl::OkStatus();
  std::string_view why = text;
  if (why == "never") {
    return InvalidArgument(
        "--halt never would call a job done of which nothing succeeded; write --halt fail=100% to "
        "go on as long as some task does");
  }
  if (why.starts_with("soon")) {
    return InvalidArgument(
        "--halt '{}': a job that fails stops its running tasks at once; write --halt now,fail=N",
        text);
  }
  if (why.starts_with("now,")) why.remove_prefix(4);
  if (why.starts_with("success=") || why.starts_with("done=")) {
    return InvalidArgument(
        "--halt '{}': a job ends when all of its tasks are done; only fail=N and fail=N% are known",
        text);
  }
  if (!why.starts_with("fail=")) {
    return InvalidArgument("--halt '{}' is not of the form fail=N or fail=N%", text);
  }
  why.remove_prefix(5);
  const bool is_share = why.ends_with('%');
  const auto number = ParseNumber(why.substr(0, why.size() - (is_share ? 1 : 0)));
  if (!number || *number == 0) {
    return InvalidArgument(
        "--halt '{}' gives no number of failed tasks; write for example --halt fail=3 or fail=5%",
        text);
  }
  is_share ? request->set_halt_percent(*number) : request->set_halt_failures(*number);
  return absl::OkStatus();
}

absl::Status AddHold(const std::string& text, v1::JobRequest* request) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<DurationMs> ms = ParseDuration(text);
  if (!ms.ok()) return InvalidArgument("--hold: {}", Message(ms.status()));
  if (*ms == 0) {
    return InvalidArgument("--hold is zero; give it a time such as 1h, or leave it out");
  }
  request->set_hold_ms(static_cast<std::uint64_t>(*ms));
  return absl::OkStatus();
}

}  // namespace

absl::Status AddControl(const ControlFlags& flags, v1::JobRequest* request) {
  if (flags.task_cpus) request->set_task_cpus(*flags.task_cpus);
  if (!flags.task_memory.empty()) {
    const absl::StatusOr<std::uint64_t> bytes = ParseBytes(flags.task_memory);
    if (!bytes.ok()) return InvalidArgument("--task-memory: {}", Message(bytes.status()));
    if (*bytes == 0) return InvalidArgument("--task-memory is zero; give it a size such as 4GiB");
    request->set_task_memory_bytes(*bytes);
  }
  request->set_task_gpus(flags.task_gpus);
  const std::vector<std::string> labels = SortedLabels(flags.require);
  if (const absl::Status valid = CheckLabels(labels); !valid.ok()) {
    return InvalidArgument("--require: {}", Message(valid));
  }
  for (const std::string& label : labels) request->add_required_labels(label);
  GM_RETURN_IF_ERROR(AddTimeout(flags.task_timeout, request));
  GM_RETURN_IF_ERROR(AddHold(flags.hold, request));
  return AddHalt(flags.halt, request);
}

absl::Status CheckKeepOrder(const ControlFlags& flags, const v1::JobPlan& plan) {
  if (!flags.keep_order) return absl::OkStatus();
  for (const v1::StagePlan& stage : plan.stages()) {
    if (stage.kind() != v1::STAGE_KIND_REDUCE) continue;
    return InvalidArgument(
        "--keep-order: job '{}' sorts its records by key, so its output can't be in the order of "
        "the input; leave --keep-order out",
        plan.request().job());
  }
  return absl::OkStatus();
}

}  // namespace gristmill::cli
