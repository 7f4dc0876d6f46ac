#include "worker/runner/runner_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gristmill::worker {

RunnerLog::RunnerLog(LogLine log, LogLine keep, Instant now)
    : log_(std::move(log)),
      keep_(std::move(keep)),
      shared_(
          [this](std::string_view line) {
            log_({}, line);
            keep_({}, line);
          },
          now),
      allowance_(RunnerOutput::kLogBytesPerSecond, RunnerOutput::kLogBytesBurst, now),
      now_(now) {}

void RunnerLog::Take(std::string_view text, Instant now) {
  now_ = now;
  tail_.Add(text);
  shared_.Take(text, now);
}

void RunnerLog::TakeMessage(std::string_view datagram, Instant now) {
  now_ = now;
  const auto message = ParseLogMessage(datagram);
  if (!message) return;
  if (message->text.empty()) return EndAttempt(message->origin);
  tail_.Add(message->text);
  OutputOf(message->origin, now).Take(message->text, now);
}

RunnerOutput& RunnerLog::OutputOf(const LogOrigin& origin, Instant now) {
  auto found = attempts_.find(origin.attempt);
  if (found == attempts_.end()) {
    if (attempts_.size() >= kAttemptsMax) {
      const auto oldest = std::ranges::min_element(
          attempts_, {},
          [](const auto& entry) -> const Instant& { return entry.second.second.last_wrote; });
      EndAttempt(oldest->second.first);
    }
    const auto log = [this, origin](std::string_view line) {
      keep_(origin, line);
      LogOfAttempt(origin, line, now_);
    };
    found =
        attempts_.emplace(origin.attempt, std::pair(origin, Attempt{RunnerOutput(log, now), now}))
            .first;
  }
  found->second.second.last_wrote = now;
  return found->second.second.output;
}

void RunnerLog::EndAttempt(const LogOrigin& origin) {
  const auto found = attempts_.find(origin.attempt);
  if (found == attempts_.end()) return;
  found->second.second.output.End();
  attempts_.erase(found);
}

void RunnerLog::LogOfAttempt(const LogOrigin& origin, std::string_view line, Instant now) {
  if (allowance_.Level(now) <= 0) {
    unlogged_bytes_ += line.size() + 1;
    return;
  }
  if (unlogged_bytes_ > 0) {
    log_({}, fmt::format("… {} bytes not logged", std::exchange(unlogged_bytes_, 0)));
  }
  allowance_.Take(static_cast<std::int64_t>(line.size()) + 64);
  log_(origin, line);
}

void RunnerLog::End() {
  for (auto& [attempt, entry] : attempts_) entry.second.output.End();
  attempts_.clear();
  shared_.End();
  if (unlogged_bytes_ == 0) return;
  log_({}, fmt::format("… {} bytes not logged", std::exchange(unlogged_bytes_, 0)));
}

}  // namespace gristmill::worker
