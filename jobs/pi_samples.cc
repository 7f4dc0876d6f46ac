#include "jobs/pi_samples.h"

namespace gristmill::jobs {

std::uint64_t CountPointsInCircle(std::uint64_t seed, std::int64_t begin, std::int64_t end) {
  constexpr std::uint64_t kRadiusSquared = std::uint64_t{1} << 62;
  std::uint64_t inside = 0;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::uint64_t bits = RandomBits(seed, static_cast<std::uint64_t>(i));
    const std::uint64_t x = bits >> 33;
    const std::uint64_t y = bits & 0x7FFFFFFFu;
    inside += x * x + y * y < kRadiusSquared ? 1 : 0;
  }
  return inside;
}

}  // namespace gristmill::jobs
