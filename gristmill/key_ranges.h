// Total order: the keys a sample task returns, and the key ranges that all tasks derive from them.
//
// A sample is a sequence of (varint length, key bytes), at most kSampledKeyBytesMax of each encoded
// key: the beginning of a key is as good a boundary as the whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/pair_codec.h"
#include "gristmill/sort_index.h"
#include "gristmill/task.h"

namespace gristmill::internal {

inline constexpr std::size_t kSampledKeyBytesMax = 1024;

inline void AppendSample(std::string* samples, std::string_view key) {
  char length[kVarint32BytesMax];
  const char* end = PutVarint32(length, static_cast<std::uint32_t>(key.size()));
  samples->append(length, static_cast<std::size_t>(end - length));
  samples->append(key);
}

// Appends views of the keys of `samples`.
inline void ReadSamples(std::string_view samples, std::vector<std::string_view>* keys) {
  const char* p = samples.data();
  const char* const end = p + samples.size();
  while (p != end) {
    std::uint32_t bytes = 0;
    p = GetVarint32(p, end, &bytes);
    if (p == nullptr || bytes > static_cast<std::size_t>(end - p)) {
      throw TaskError("corrupt data: the sampled keys are cut short; run the job again");
    }
    keys->emplace_back(p, bytes);
    p += bytes;
  }
}

// Keeps every 2^k-th key it is given, k the smallest for which they fit.
class KeySampler {
 public:
  explicit KeySampler(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void Add(std::string_view encoded_key) {
    if (seen_++ % stride_ != 0) return;
    AppendSample(&samples_, encoded_key.substr(0, kSampledKeyBytesMax));
    while (samples_.size() > bytes_max_) Thin();
  }

  std::string Take() { return std::move(samples_); }

 private:
  void Thin() {
    std::vector<std::string_view> keys;
    ReadSamples(samples_, &keys);
    std::string thinned;
    if (keys.size() > 1) {
      for (std::size_t i = 0; i < keys.size(); i += 2) AppendSample(&thinned, keys[i]);
    }
    samples_ = std::move(thinned);
    stride_ *= 2;
  }

  const std::uint64_t bytes_max_;
  std::uint64_t seen_ = 0;
  std::uint64_t stride_ = 1;
  std::string samples_;
};

// The upper ends of all partitions but the last: the quantiles of all samples.
class KeyRanges {
 public:
  KeyRanges(const std::vector<std::string>& samples_of_tasks, std::uint32_t partitions) {
    std::vector<std::string_view> keys;
    for (const std::string& samples : samples_of_tasks) ReadSamples(samples, &keys);
    if (keys.empty() || partitions < 2) return;
    std::vector<Sample> samples;
    samples.reserve(keys.size());
    for (const std::string_view key : keys) samples.push_back({KeyPrefix(key), key});
    boundaries_.resize(partitions - 1);
    Select(samples, 0, samples.size(), 1, partitions);
  }

  // The least key of each partition but the first; none at all if there were no samples.
  const std::vector<std::string>& boundaries() const { return boundaries_; }

  // A key equal to a boundary belongs behind it.
  std::uint32_t PartitionOf(std::string_view encoded_key) const {
    const auto end = std::upper_bound(boundaries_.begin(), boundaries_.end(), encoded_key);
    return static_cast<std::uint32_t>(end - boundaries_.begin());
  }

 private:
  struct Sample {
    std::uint64_t prefix;  // decides most comparisons
    std::string_view key;
    friend bool operator<(const Sample& a, const Sample& b) {
      return a.prefix != b.prefix ? a.prefix < b.prefix : a.key < b.key;
    }
  };

  // Finds where the partitions [first, last) begin, all of them within [begin, end) of the samples.
  // Every map task does this, and sorting all samples would take it longer than many a split.
  void Select(std::vector<Sample>& samples, std::size_t begin, std::size_t end, std::uint64_t first,
              std::uint64_t last) {
    if (first == last) return;
    const std::uint64_t middle = first + (last - first) / 2;
    const std::size_t at = middle * samples.size() / (boundaries_.size() + 1);
    const auto place = [&samples](std::size_t i) {
      return samples.begin() + static_cast<std::ptrdiff_t>(i);
    };
    std::nth_element(place(begin), place(at), place(end));
    boundaries_[middle - 1] = samples[at].key;
    Select(samples, begin, at, first, middle);
    Select(samples, at, end, middle + 1, last);
  }

  std::vector<std::string> boundaries_;
};

}  // namespace gristmill::internal
