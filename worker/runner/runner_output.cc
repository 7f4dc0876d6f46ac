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

void Tail::Add(std::string_view text) {
  if (text.size() >= kBytesMax) {
    text_ = text.substr(text.size() - kBytesMax);
    return;
  }
  text_ += text;
  if (text_.size() > kBytesMax) text_.erase(0, text_.size() - kBytesMax);
}

void RunnerOutput::Take(std::string_view text, Instant now) {
  tail_.Add(text);
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
  if (muted_) LogEnd();
}

// Whole lines only, unless there is no line end in it.
void RunnerOutput::LogEnd() {
  std::string_view end = tail_.text();
  if (end.size() > unlogged_bytes_) end.remove_prefix(end.size() - unlogged_bytes_);
  const std::size_t first_end = end.find('\n');
  if (end.size() < unlogged_bytes_ && first_end != end.npos) end.remove_prefix(first_end + 1);
  unlogged_bytes_ -= end.size();
  TellUnlogged();
  while (!end.empty()) {
    const std::size_t bytes = std::min(end.find('\n'), end.size());
    log_(end.substr(0, bytes));
    end.remove_prefix(std::min(bytes + 1, end.size()));
  }
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
