// Merges sorted segments into one sorted stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "gristmill/task.h"
#include "worker/pipeline/segment_reader.h"

namespace gristmill::worker {

// A tournament of losers (Knuth, The Art of Computer Programming 3, 5.4.1): one comparison per
// level and pair, mostly of 8-byte prefixes. Equal keys come in the order of `segments`.
// Memory: one block per segment. Not thread-safe. Throws LostOutputError, TaskError, TaskCancelled.
class Merger final : public PairSource {
 public:
  // `cancelled` must outlive this; `records` counts the pairs handed out.
  Merger(const std::vector<SegmentRef>& segments, const std::atomic<bool>& cancelled,
         std::atomic<std::uint64_t>* records);

  std::span<const EncodedPair> NextBatch() override;

 private:
  static constexpr std::size_t kBatchPairsMax = 1024;

  struct Source {
    EncodedPair pair;
    bool exhausted = false;
    std::unique_ptr<SegmentReader> reader;
  };
  // What takes part in the tournament: a source's next pair, or a source that has none.
  struct Player {
    // The key's first 8 bytes, padded with zeros, as a number; the greatest one if exhausted.
    std::uint64_t prefix = 0;
    std::uint32_t source = 0;
  };

  std::span<const EncodedPair> Merge();
  bool Before(const Player& a, const Player& b) const;
  // The same where the prefixes are equal.
  bool TieBefore(std::uint32_t a, std::uint32_t b) const;
  // Loads the source's next pair, from its next block if need be.
  Player Refill(std::uint32_t source);
  void BuildTree(const std::vector<Player>& players);
  // Plays the winner's way from its leaf to the root again.
  void Replay();

  const std::atomic<bool>& cancelled_;
  std::atomic<std::uint64_t>* const records_;
  std::vector<Source> sources_;
  std::vector<Player> losers_;  // losers_[1..k-1]: inner nodes
  Player winner_;
  bool winner_needs_block_ = false;
  std::vector<EncodedPair> batch_;
  // Thrown again by every further call: user code that catches everything around its values must
  // not end in output that lacks some.
  std::exception_ptr failure_;
};

}  // namespace gristmill::worker
