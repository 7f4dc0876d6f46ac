// The one source of chance. Its numbers depend on the seed alone: no distribution of the standard
// library, whose results vary from one library to the next.
#pragma once

#include <array>
#include <cstdint>

namespace gristmill {

// xoshiro256** (Blackman and Vigna), seeded by splitmix64.
class Xoshiro {
 public:
  explicit Xoshiro(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = Scramble(seed += 0x9e3779b97f4a7c15);
  }

  std::uint64_t Next() {
    const std::uint64_t result = Rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }
  // `bound` is positive.
  std::uint32_t Below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((Next() >> 32) * bound) >> 32);
  }
  // Both ends included; at most 2^32 apart.
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(
                     ((Next() >> 32) * static_cast<std::uint64_t>(high - low + 1)) >> 32);
  }
  bool OneIn(std::uint32_t times) { return Below(times) == 0; }
  // Mostly between a half and one and a half of `mean`; one in 32 takes up to eight times as long.
  std::int64_t Spread(std::int64_t mean) {
    if (OneIn(32)) return Between(mean, 8 * mean);
    return Between(mean / 2, mean + mean / 2);
  }

  // splitmix64's output function: a hash of 64 bits.
  static std::uint64_t Scramble(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

 private:
  static std::uint64_t Rotate(std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

  std::array<std::uint64_t, 4> state_;
};

}  // namespace gristmill
