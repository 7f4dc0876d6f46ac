// Which key of a partition has the most pairs: at the cost of a few comparisons a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/task.h"

namespace gristmill::worker {

// Passes pairs on and counts those of each key that goes on from one batch to the next. A key whose
// pairs all lie in one batch is not heavy, and neither counted; nor is one of more than
// kKeyBytesMax. Not thread-safe.
class HeavyKeyWatch final : public PairSource {
 public:
  static constexpr std::size_t kKeyBytesMax = 4 << 10;
  static constexpr std::uint64_t kPairsMin = 1'000;

  // Called when a key has more pairs than any before, kPairsMin at least; for one key once a batch.
  using Found = std::function<void(std::string_view key, std::uint64_t pairs)>;
  // `pairs` outlives this.
  HeavyKeyWatch(PairSource& pairs, Found found) : pairs_(pairs), found_(std::move(found)) {}

  std::span<const EncodedPair> NextBatch() override;

 private:
  void Look(std::span<const EncodedPair> batch);
  void Consider();

  PairSource& pairs_;
  const Found found_;
  std::string key_;  // of the last group, which may go on
  bool is_known_ = false;
  std::uint64_t key_pairs_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace gristmill::worker
