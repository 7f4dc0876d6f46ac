#include "worker/runner/runner_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gristmill::worker {
namespace {

// What the log puts in front of a line.
constexpr std::int64_t kLineCostBytes = 64;
// Silence lasts until so much may be logged at once: a line now and then would tell little.
constexpr std::int64_t kResumeBytes = RunnerOutput::kLogBytesBurst / 4;

}  // namespace

RunnerOutput::RunnerOutput(LogLine log, Instant now)
    : log_(std::move(log)), allowance_(kLogBytesPerSecond, kLogBytesBurst, now) {}

void RunnerOutput::Take(std::string_view text, Instant now) {
  KeepTail(text);
  if (muted_ && allowance_.Level(now) >= kResumeBytes) TellUnlogged();
  while (!muted_ && !text.empty()) {
    const std::size_t room = kLineBytesMax - line_.size();
    const std::size_t end = std::min({text.find('\n'), room, text.size()});
    line_ += text.substr(0, end);
    text.remove_prefix(end);
    if (text.empty() && line_.size() < kLineBytesMax) return;  // it goes on
    if (!text.empty() && text.front() == '\n') text.remove_prefix(1);
    Log();
    muted_ = allowance_.Level(now) <= 0;
  }
  unlogged_bytes_ += text.size();
}

void RunnerOutput::End() {
  if (!line_.empty()) Log();
  if (muted_) TellUnlogged();
}

void RunnerOutput::KeepTail(std::string_view text) {
  if (text.size() >= kTailBytesMax) {
    tail_ = text.substr(text.size() - kTailBytesMax);
    return;
  }
  tail_ += text;
  if (tail_.size() > kTailBytesMax) tail_.erase(0, tail_.size() - kTailBytesMax);
}

void RunnerOutput::Log() {
  log_(line_);
  allowance_.Take(static_cast<std::int64_t>(line_.size()) + kLineCostBytes);
  line_.clear();
}

void RunnerOutput::TellUnlogged() {
  if (unlogged_bytes_ > 0) log_(fmt::format("… {} bytes not logged", unlogged_bytes_));
  unlogged_bytes_ = 0;
  muted_ = false;
}

}  // namespace gristmill::worker
