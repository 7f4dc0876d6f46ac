// A rate with bursts: so much a second in the long run, so much at once at most.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/instant.h"

namespace gristmill::worker {

// Not thread-safe. `now` never goes back.
class TokenBucket {
 public:
  // Full at first.
  TokenBucket(std::int64_t per_second, std::int64_t most, Instant now)
      : per_second_(per_second), most_(most), level_(most * kParts), as_of_(now) {}

  // What may be taken; negative after more was.
  std::int64_t Level(Instant now) {
    level_ = std::min(level_ + (now - as_of_) * per_second_, most_ * kParts);
    as_of_ = now;
    return level_ / kParts;
  }
  void Take(std::int64_t amount) { level_ -= amount * kParts; }
  // When it holds `level` again if nothing is taken meanwhile.
  Instant TimeOf(std::int64_t level) const {
    const std::int64_t missing = std::max<std::int64_t>(level * kParts - level_, 0);
    return as_of_ + (missing + per_second_ - 1) / per_second_;
  }

 private:
  static constexpr std::int64_t kParts = 1'000;  // a millisecond's share is a whole number of them

  const std::int64_t per_second_;
  const std::int64_t most_;
  std::int64_t level_;
  Instant as_of_;
};

}  // namespace gristmill::worker
