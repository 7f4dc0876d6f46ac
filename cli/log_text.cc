#include "cli/log_text.h"

#include <fmt/format.h>

#include "base/readable_text.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

// A terminal must not obey what a task wrote: no control characters, neither ASCII's nor U+0080 to
// U+009F.
std::string Printable(std::string_view bytes) {
  const std::string text = ReadableText(bytes);
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool is_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
    const bool is_control = is_c1 || (byte < 0x20 && byte != '\t') || byte == 0x7f;
    printable += is_control ? '?' : text[i];
    if (is_c1) ++i;
  }
  return printable;
}

std::string StageNameOf(const v1::JobStatus& job, std::uint32_t stage) {
  if (stage >= static_cast<std::uint32_t>(job.stages_size())) return fmt::format("stage {}", stage);
  return std::string(StageName(job.stages(static_cast<int>(stage))));
}

}  // namespace

std::string RenderLogLine(const v1::LogLine& line, const v1::JobStatus& job,
                          const std::string& worker) {
  const std::string who = line.attempt() != 0
                              ? fmt::format("{}-{} attempt {}", StageNameOf(job, line.stage()),
                                            line.task(), line.attempt())
                              : fmt::format("runner {} of {}", line.runner(), worker);
  return fmt::format("{} | {}\n", who, Printable(line.text()));
}

std::string RenderFailure(const v1::FailedAttempt& failure, const v1::JobStatus& job) {
  std::string text = fmt::format(
      "{}-{} attempt {} on {} failed: ", StageNameOf(job, failure.stage()), failure.task(),
      failure.attempt(),
      failure.worker_name().empty() ? "a worker that is gone" : Printable(failure.worker_name()));
  std::string_view message = failure.message();
  while (true) {
    const std::string_view line = message.substr(0, message.find('\n'));
    text += Printable(line) + "\n";
    if (line.size() == message.size()) return text;
    message.remove_prefix(line.size() + 1);
    text += "  ";
  }
}

}  // namespace gristmill::cli
