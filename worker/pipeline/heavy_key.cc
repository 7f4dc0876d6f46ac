#include "worker/pipeline/heavy_key.h"

#include <algorithm>
#include <iterator>

namespace gristmill::worker {

std::span<const EncodedPair> HeavyKeyWatch::NextBatch() {
  const std::span<const EncodedPair> batch = pairs_.NextBatch();
  if (!batch.empty()) Look(batch);
  return batch;
}

// The batch is sorted.
void HeavyKeyWatch::Look(std::span<const EncodedPair> batch) {
  const std::string_view last = batch.back().key_view();
  if (is_known_ && batch.front().key_view() == key_) {
    const auto end =
        last == key_ ? batch.end() : std::ranges::partition_point(batch, [this](const auto& pair) {
          return pair.key_view() == key_;
        });
    key_pairs_ += static_cast<std::uint64_t>(std::distance(batch.begin(), end));
    Consider();
    if (last == key_) return;
  }
  const auto begin = std::ranges::partition_point(
      batch, [last](const auto& pair) { return pair.key_view() != last; });
  key_pairs_ = static_cast<std::uint64_t>(std::distance(begin, batch.end()));
  is_known_ = last.size() <= kKeyBytesMax;
  if (is_known_) key_ = last;
}

void HeavyKeyWatch::Consider() {
  if (key_pairs_ <= most_ || key_pairs_ < kPairsMin) return;
  most_ = key_pairs_;
  found_(key_, key_pairs_);
}

}  // namespace gristmill::worker
