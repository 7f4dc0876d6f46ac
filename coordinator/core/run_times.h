// How long a stage's attempts took, and what follows for those that take far longer.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"

namespace gristmill::coordinator {

struct RunningAttempt;
struct Turn;

// Counts by length: eight steps to each doubling, so that a quantile is at most an eighth too long.
// 2 KiB once something is counted.
class RunTimes {
 public:
  void Add(std::uint64_t run_us);
  std::uint64_t count() const { return count_; }
  // In microseconds, rounded up to the next step. Something was counted.
  std::uint64_t median_us() const;

 private:
  std::uint64_t count_ = 0;
  std::vector<std::uint32_t> counts_;
};

// Most time of an attempt by its stage's median, and `percent` of it; kNoLimit before a few have
// finished. Never so short that it could strike down what only started slowly.
constexpr DurationMs kNoLimit = 0;
constexpr DurationMs kMedianLimitMsMin = 1'000;
DurationMs LimitByMedian(const RunTimes& times, std::uint32_t percent);

// The running attempt says that it has had its thread for so long.
void StopIfOverdue(Turn& turn, AttemptId attempt, const RunningAttempt& running, DurationMs run_ms);

}  // namespace gristmill::coordinator
