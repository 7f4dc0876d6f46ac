// A sketch of how values are distributed that merges by adding: counts by bucket, in the manner of
// HdrHistogram (Gil Tene). A bucket is at most 1/128 of its values wide, so a quantile read off it
// is wrong by less than 1 %. Integers only: the same everywhere.
#pragma once

#include <bit>
#include <cstdint>

namespace gristmill::jobs {

inline constexpr int kBucketBits = 7;

// Grows with the value. Below 2^8 every value has a bucket of its own.
constexpr std::uint32_t BucketOf(std::uint64_t value) {
  const int shift = std::bit_width(value) - (kBucketBits + 1);
  if (shift <= 0) return static_cast<std::uint32_t>(value);
  return (static_cast<std::uint32_t>(shift) << kBucketBits) +
         static_cast<std::uint32_t>(value >> shift);
}

// The value in the middle of a bucket.
constexpr std::uint64_t MiddleOf(std::uint32_t bucket) {
  if (bucket < (2u << kBucketBits)) return bucket;
  const std::uint32_t shift = (bucket >> kBucketBits) - 1;
  const std::uint64_t mantissa = bucket - (shift << kBucketBits);
  return (mantissa << shift) + ((std::uint64_t{1} << shift) >> 1);
}

}  // namespace gristmill::jobs
