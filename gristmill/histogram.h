// How numbers are distributed, in bounded memory and without a sort: counts by bucket, in the
// manner of HdrHistogram (Gil Tene). A bucket is at most 1/128 of its values wide, so a quantile
// read off it is wrong by less than 1 %. Integers only: the same everywhere, however it was merged.
//
// A job may keep one Histogram a group, or leave the buckets to the framework: with BucketOf(value)
// as the last field of the key, kGroupFields and a Combine that adds, map tasks fold values to
// counts, and Reduce gets those of a group in the order of the buckets. jobs/logscan.cc does that.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gristmill {

namespace internal {
inline constexpr int kHistogramBits = 7;
}

// Grows with the value. Below 2^8 every value has a bucket of its own.
constexpr std::uint32_t BucketOf(std::uint64_t value) {
  const int shift = std::bit_width(value) - (internal::kHistogramBits + 1);
  if (shift <= 0) return static_cast<std::uint32_t>(value);
  return (static_cast<std::uint32_t>(shift) << internal::kHistogramBits) +
         static_cast<std::uint32_t>(value >> shift);
}

// The value in the middle of a bucket.
constexpr std::uint64_t MiddleOf(std::uint32_t bucket) {
  if (bucket < (2u << internal::kHistogramBits)) return bucket;
  const std::uint32_t shift = (bucket >> internal::kHistogramBits) - 1;
  const std::uint64_t mantissa = bucket - (shift << internal::kHistogramBits);
  return (mantissa << shift) + ((std::uint64_t{1} << shift) >> 1);
}

// At most 7,424 buckets, 58 KiB: as many as reach to the largest value.
class Histogram {
 public:
  // What a job may emit as Value: the buckets that are not empty, ascending, and their counts.
  using Counts = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

  Histogram() = default;

  void Add(std::uint64_t value, std::uint64_t n = 1) { AddToBucket(BucketOf(value), n); }
  void AddToBucket(std::uint32_t bucket, std::uint64_t n) {
    if (n == 0) return;
    if (bucket >= counts_.size()) counts_.resize(std::size_t{bucket} + 1);
    counts_[bucket] += n;
    count_ += n;
  }
  void Add(const Counts& counts) {
    for (const auto& [bucket, n] : counts) AddToBucket(bucket, n);
  }
  void Add(const Histogram& other) {
    for (std::uint32_t bucket = 0; bucket < other.counts_.size(); ++bucket) {
      AddToBucket(bucket, other.counts_[bucket]);
    }
  }
  // Keeps the memory.
  void Clear() {
    counts_.clear();
    count_ = 0;
  }

  // Of all values that were added.
  std::uint64_t count() const { return count_; }

  Counts counts() const {
    Counts counts;
    for (std::uint32_t bucket = 0; bucket < counts_.size(); ++bucket) {
      if (counts_[bucket] > 0) counts.emplace_back(bucket, counts_[bucket]);
    }
    return counts;
  }

  // The value that this share of the values does not exceed, 100 for the greatest; 0 without any.
  std::uint64_t Percentile(std::uint32_t percent) const {
    // Rounded up, and without the overflow of count * percent.
    const std::uint64_t rank = count_ / 100 * percent + (count_ % 100 * percent + 99) / 100;
    std::uint64_t seen = 0;
    for (std::uint32_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (counts_[bucket] > 0 && seen >= rank) return MiddleOf(bucket);
    }
    return 0;
  }

 private:
  std::vector<std::uint64_t> counts_;  // by bucket
  std::uint64_t count_ = 0;
};

}  // namespace gristmill
