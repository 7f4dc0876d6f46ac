// What a runner writes to stdout and stderr, on its way to the worker's log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "worker/runner/token_bucket.h"

namespace gristmill::worker {

// The end of a text.
class Tail {
 public:
  static constexpr std::size_t kBytesMax = 4 << 10;

  void Add(std::string_view text);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Cuts text into lines for the log and keeps its end. User code that writes without end must not
// fill the disk with the log: beyond a burst, what comes faster than a trickle is only counted.
// Not thread-safe.
class RunnerOutput {
 public:
  static constexpr std::size_t kTailBytesMax = Tail::kBytesMax;
  static constexpr std::size_t kLineBytesMax = 4 << 10;  // longer ones are cut up
  static constexpr std::int64_t kLogBytesBurst = 128 << 10;
  static constexpr std::int64_t kLogBytesPerSecond = 8 << 10;

  using LogLine = std::function<void(std::string_view)>;
  RunnerOutput(LogLine log, Instant now);

  void Take(std::string_view text, Instant now);
  // Nothing comes any more: logs what has been held back, and the end of what was left out, which
  // may tell how it came to that.
  void End();
  // The end of all text, logged or not.
  const std::string& tail() const { return tail_.text(); }

 private:
  void Log();
  void LogEnd();
  void TellUnlogged();

  const LogLine log_;
  TokenBucket allowance_;
  std::string line_;  // begun and not logged
  Tail tail_;
  bool muted_ = false;
  std::uint64_t unlogged_bytes_ = 0;
};

}  // namespace gristmill::worker
