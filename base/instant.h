// Time as the core sees it: a number that the shell (or the simulator) passes in.
#pragma once

#include <compare>
#include <cstdint>

namespace gristmill {

using DurationMs = std::int64_t;

// Milliseconds on a clock that never goes back; its origin means nothing.
struct Instant {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, DurationMs d) { return {t.ms + d}; }
  friend constexpr DurationMs operator-(Instant a, Instant b) { return a.ms - b.ms; }
};

inline constexpr Instant kNever{INT64_MAX};

}  // namespace gristmill
