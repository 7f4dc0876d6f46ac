// Random points in a square, counted if they lie in the quarter circle: CPU-bound work without
// branches to learn. Shared by the job `pi` and the plain loop of `gristmill bench`.
#pragma once

#include <cstdint>

namespace gristmill::jobs {

// Random bits for index `i` of a stream: SplitMix64's finaliser (Steele, Lea and Flood 2014) on its
// counter. A function of (seed, i) alone, so the points are the same however [0, n) is split.
constexpr std::uint64_t RandomBits(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t z = seed + (i + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// How many of the points `begin` to `end` - 1 lie within the unit circle. The coordinates are
// integers of 31 bits, so the answer is exact and the same on every machine.
// Compiled once, so that the plain loop and the job run the same machine code.
std::uint64_t CountPointsInCircle(std::uint64_t seed, std::int64_t begin, std::int64_t end);

}  // namespace gristmill::jobs
