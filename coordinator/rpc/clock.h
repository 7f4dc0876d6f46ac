// The two clocks of the shell: one for decisions, one for people.
#pragma once

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

}  // namespace gristmill::coordinator
