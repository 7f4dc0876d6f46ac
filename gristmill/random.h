// Random numbers that are the same on every machine and on every attempt.
#pragma once

#include <cstdint>
#include <limits>

namespace gristmill {

// SplitMix64 (Steele, Lea and Flood 2014). Usable with the distributions of <random>, which differ
// between standard libraries, though: Below and Fraction do not.
class Random {
 public:
  using result_type = std::uint64_t;

  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  constexpr result_type operator()() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  // Of [0, n), each as likely; n > 0.
  constexpr std::uint64_t Below(std::uint64_t n) {
    const std::uint64_t uneven = (0 - n) % n;  // so many of all 2^64 would be one too many
    std::uint64_t bits = (*this)();
    while (bits < uneven) bits = (*this)();
    return bits % n;
  }

  // Of [0, 1), in steps of 2^-53.
  constexpr double Fraction() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace gristmill
