// How many attempts a worker may have at once: the coordinator keeps to it, the worker refuses
// more.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gristmill {

// Attempts that wait at a worker, beyond its slots, so that the next one is there when a short task
// ends.
constexpr std::uint32_t AttemptsAheadMax(std::uint32_t slots) {
  constexpr std::uint32_t kPerSlot = 1'024, kPerWorker = 4'096;
  return std::min(slots, kPerWorker / kPerSlot) * kPerSlot;
}

// The coordinator sends a worker with that many attempts ahead more once half of them are done;
// until then there is no use in hearing of each.
constexpr std::uint32_t ReportsAtOnce(std::uint32_t slots) { return AttemptsAheadMax(slots) / 2; }

}  // namespace gristmill
