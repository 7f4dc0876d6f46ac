#include "worker/core/death_message.h"

#include <fmt/format.h>

#include <cstring>

#include "base/readable_text.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kLastOutputBytesMax = 4096;
constexpr int kSigKill = 9;

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal)
                         : fmt::format("signal {} (SIG{})", signal, name);
}

// What ended the runner, and where.
std::string DescribeEnd(const RunnerDied& died) {
  if (died.how == RunnerDied::How::kExited) return fmt::format("exited with status {}", died.code);
  std::string text = "was killed by " + SignalName(died.code);
  if (!died.crash.empty()) text += " " + died.crash;
  return text;
}

}  // namespace

std::string WithLastOutput(const std::string& sentence, std::string_view written) {
  if (written.size() > kLastOutputBytesMax) {
    written.remove_prefix(written.size() - kLastOutputBytesMax);
  }
  std::string output = ReadableText(written);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output.empty() ? sentence : fmt::format("{}; it last wrote: {}", sentence, output);
}

// Between two processes of one host no stream breaks by itself.
std::string DescribeLostContact(JobId job, std::string_view last_output) {
  return WithLastOutput(
      fmt::format("the runner of job {} lost its connection to the worker while it ran this task; "
                  "check that the job's code closes no file descriptors but its own",
                  job.value()),
      last_output);
}

std::string DescribeDeath(JobId job, const RunnerDied& died, const AttemptInFlight* attempt,
                          bool connected) {
  if (died.how == RunnerDied::How::kNotStarted) {
    return fmt::format("the runner of job {} could not be started: {}", job.value(),
                       died.last_output);
  }
  std::string text = fmt::format("the runner of job {} {}", job.value(), DescribeEnd(died));
  if (died.crash.empty()) {
    text += connected ? " while it ran this task" : " before it could start this task";
  }
  if (died.how == RunnerDied::How::kSignalled && died.code == kSigKill) {
    text += ", perhaps because the host ran out of memory";
  }
  if (attempt != nullptr && !attempt->record.empty()) text += "; " + attempt->record;
  return WithLastOutput(text, died.last_output);
}

}  // namespace gristmill::worker
