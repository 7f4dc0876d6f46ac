// The clocks of the shell: one for decisions, one for people, and two that tell what its turns
// take.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

#include "base/instant.h"

namespace gristmill::coordinator {

inline Instant Now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

inline std::int64_t UnixMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

inline double SecondsOf(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}
// Of the calling thread.
inline double ThreadCpuSeconds() { return SecondsOf(CLOCK_THREAD_CPUTIME_ID); }
inline double MonotonicSeconds() { return SecondsOf(CLOCK_MONOTONIC); }

}  // namespace gristmill::coordinator
