// Sorts references to pairs by (partition, key, place): the in-place radix sort of McIlroy, Bostic
// and McIlroy ("Engineering Radix Sort", 1993) on the partition and the first eight key bytes,
// comparisons for what that leaves.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/key_codec.h"

namespace gristmill::internal {

inline constexpr int kPlaceOffsetBits = 40;
inline constexpr std::uint32_t kPartitionsMax = std::uint32_t{1} << (64 - kPlaceOffsetBits);

struct SortEntry {
  std::uint64_t prefix;  // first eight key bytes, big-endian, zeros behind a shorter key; any once
                         // sorted
  std::uint64_t place;   // partition, then the offset that leads to the pair; unique

  std::uint32_t partition() const { return static_cast<std::uint32_t>(place >> kPlaceOffsetBits); }
  std::uint64_t offset() const { return place & ((std::uint64_t{1} << kPlaceOffsetBits) - 1); }
};

inline std::uint64_t PlaceOf(std::uint32_t partition, std::uint64_t offset) {
  return std::uint64_t{partition} << kPlaceOffsetBits | offset;
}

inline std::uint64_t KeyPrefix(std::string_view key) {
  std::uint64_t prefix = 0;
  if (key.size() >= sizeof(prefix)) {
    std::memcpy(&prefix, key.data(), sizeof(prefix));
  } else if (!key.empty()) {
    std::memcpy(&prefix, key.data(), key.size());
  }
  return ByteSwapIfLittle(prefix);
}

// Moves entries so that those of bucket 0 come first, and so on. `starts[b]` is where bucket b
// begins, `starts[buckets]` the end; `heads` is scratch of as many elements as there are buckets.
template <typename BucketOf>
void PermuteToBuckets(SortEntry* entries, std::span<const std::uint32_t> starts,
                      std::span<std::uint32_t> heads, BucketOf bucket_of) {
  const std::size_t buckets = heads.size();
  std::copy_n(starts.begin(), buckets, heads.begin());
  for (std::size_t b = 0; b < buckets; ++b) {
    while (heads[b] < starts[b + 1]) {
      SortEntry entry = entries[heads[b]];
      for (std::size_t target; (target = bucket_of(entry)) != b;) {
        std::swap(entry, entries[heads[target]++]);
      }
      entries[heads[b]++] = entry;
    }
  }
}

// `key_at(offset)` is the encoded key of an entry. Equal keys end in the order of their offsets.
template <typename KeyAt>
class IndexSorter {
 public:
  explicit IndexSorter(KeyAt key_at) : key_at_(std::move(key_at)) {}

  // At most 2^32 - 1 entries.
  void Sort(std::span<SortEntry> entries, std::uint32_t partitions) const {
    if (partitions == 1) return SortByPrefix(entries, 0, 56);
    std::vector<std::uint32_t> starts(partitions + 1), heads(partitions);
    for (const SortEntry& entry : entries) ++starts[entry.partition() + 1];
    for (std::uint32_t p = 0; p < partitions; ++p) starts[p + 1] += starts[p];
    PermuteToBuckets(entries.data(), starts, heads,
                     [](const SortEntry& entry) { return entry.partition(); });
    for (std::uint32_t p = 0; p < partitions; ++p) {
      SortByPrefix(entries.subspan(starts[p], starts[p + 1] - starts[p]), 0, 56);
    }
  }

 private:
  // Below this many entries comparisons are faster than counting 256 buckets.
  static constexpr std::size_t kRadixEntriesMin = 128;
  // Bounds the depth of the recursion; keys that agree so far are compared.
  static constexpr std::size_t kRadixKeyBytesMax = 64;

  // Entries of one partition whose keys agree before byte `depth`; their prefixes are the eight
  // bytes from there and agree above bit `shift + 8`.
  void SortByPrefix(std::span<SortEntry> entries, std::size_t depth, int shift) const {
    std::array<std::uint32_t, 257> starts;
    for (;; shift -= 8) {
      if (entries.size() < kRadixEntriesMin) return SortByComparing(entries);
      if (shift < 0) return SortBehindPrefix(entries, depth + sizeof(SortEntry::prefix));
      starts.fill(0);
      for (const SortEntry& entry : entries) ++starts[((entry.prefix >> shift) & 0xff) + 1];
      if (starts[((entries[0].prefix >> shift) & 0xff) + 1] != entries.size()) break;
    }
    for (std::size_t b = 0; b < 256; ++b) starts[b + 1] += starts[b];
    std::array<std::uint32_t, 256> heads;
    PermuteToBuckets(entries.data(), starts, heads,
                     [shift](const SortEntry& entry) { return (entry.prefix >> shift) & 0xff; });
    for (std::size_t b = 0; b < 256; ++b) {
      const std::size_t size = starts[b + 1] - starts[b];
      if (size > 1) SortByPrefix(entries.subspan(starts[b], size), depth, shift - 8);
    }
  }

  // Many entries whose keys agree before byte `depth`, as far as they go and zeros behind them.
  void SortBehindPrefix(std::span<SortEntry> entries, std::size_t depth) const {
    std::size_t shortest = ~std::size_t{0}, longest = 0;
    for (SortEntry& entry : entries) {
      const std::string_view key = key_at_(entry.offset());
      shortest = std::min(shortest, key.size());
      longest = std::max(longest, key.size());
      entry.prefix = KeyPrefix(key.substr(std::min(depth, key.size())));
    }
    if (longest <= depth && shortest == longest) return SortByPlace(entries);
    if (longest <= depth || depth >= kRadixKeyBytesMax) return SortByComparing(entries);
    SortByPrefix(entries, depth, 56);
  }

  // Entries of one key.
  static void SortByPlace(std::span<SortEntry> entries) {
    std::sort(entries.begin(), entries.end(),
              [](const SortEntry& a, const SortEntry& b) { return a.place < b.place; });
  }

  void SortByComparing(std::span<SortEntry> entries) const {
    std::sort(entries.begin(), entries.end(), [this](const SortEntry& a, const SortEntry& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      const int order = key_at_(a.offset()).compare(key_at_(b.offset()));
      return order != 0 ? order < 0 : a.place < b.place;
    });
  }

  KeyAt key_at_;
};

}  // namespace gristmill::internal
