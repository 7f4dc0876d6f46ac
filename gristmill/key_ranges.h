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
    if (keys.empty()) return;
    std::sort(keys.begin(), keys.end());
    for (std::uint64_t p = 1; p < partitions; ++p) {
      boundaries_.emplace_back(keys[p * keys.size() / partitions]);
    }
  }

  // A key equal to a boundary belongs behind it.
  std::uint32_t PartitionOf(std::string_view encoded_key) const {
    const auto end = std::upper_bound(boundaries_.begin(), boundaries_.end(), encoded_key);
    return static_cast<std::uint32_t>(end - boundaries_.begin());
  }

 private:
  std::vector<std::string> boundaries_;
};

}  // namespace gristmill::internal
