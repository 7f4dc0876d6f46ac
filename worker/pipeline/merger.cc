#include "worker/pipeline/merger.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

constexpr std::uint32_t kPrefixBytes = 8;
constexpr std::uint64_t kExhaustedPrefix = ~std::uint64_t{0};

std::uint64_t KeyPrefix(const EncodedPair& pair) {
  std::uint64_t prefix = 0;
  if (pair.key_bytes >= kPrefixBytes) [[likely]] {
    std::memcpy(&prefix, pair.key, kPrefixBytes);
  } else {
    std::memcpy(&prefix, pair.key, pair.key_bytes);
  }
  return __builtin_bswap64(prefix);
}

// Of keys with equal prefixes.
int CompareRest(const EncodedPair& a, const EncodedPair& b) {
  const std::uint32_t common = std::min(a.key_bytes, b.key_bytes);
  if (common > kPrefixBytes) {
    const int order =
        std::memcmp(a.key + kPrefixBytes, b.key + kPrefixBytes, common - kPrefixBytes);
    if (order != 0) return order;
  }
  // Within the prefix, padding equals the zero bytes of a longer key: the shorter comes first.
  return a.key_bytes < b.key_bytes ? -1 : a.key_bytes > b.key_bytes ? 1 : 0;
}

}  // namespace

Merger::Merger(const std::vector<SegmentRef>& segments, const std::atomic<bool>& cancelled,
               std::atomic<std::uint64_t>* records)
    : cancelled_(cancelled),
      records_(records),
      sources_(segments.size()),
      batch_(segments.empty() ? 0 : kBatchPairsMax) {
  std::vector<Player> players;
  players.reserve(segments.size());
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    ThrowIfCancelled(cancelled_);
    sources_[i].reader = std::make_unique<SegmentReader>(segments[i]);
    players.push_back(Refill(i));
  }
  BuildTree(players);
}

bool Merger::Before(const Player& a, const Player& b) const {
  return a.prefix != b.prefix ? a.prefix < b.prefix : TieBefore(a.source, b.source);
}

bool Merger::TieBefore(std::uint32_t a, std::uint32_t b) const {
  const Source& x = sources_[a];
  const Source& y = sources_[b];
  if (x.exhausted || y.exhausted) return x.exhausted != y.exhausted ? y.exhausted : a < b;
  const int order = CompareRest(x.pair, y.pair);
  return order != 0 ? order < 0 : a < b;
}

Merger::Player Merger::Refill(std::uint32_t index) {
  Source& source = sources_[index];
  while (!source.reader->NextInBlock(&source.pair)) {
    if (!source.reader->has_more_blocks()) {
      source.exhausted = true;
      return {kExhaustedPrefix, index};
    }
    source.reader->LoadBlock();
  }
  return {KeyPrefix(source.pair), index};
}

void Merger::BuildTree(const std::vector<Player>& players) {
  // Leaf i is node k + i; node n has the children 2n and 2n + 1. Works for every k.
  const std::size_t k = players.size();
  if (k == 0) return;
  losers_.resize(k);
  std::vector<Player> winners(k);
  winners.insert(winners.end(), players.begin(), players.end());
  for (std::size_t node = k; node-- > 1;) {
    const Player &a = winners[2 * node], &b = winners[2 * node + 1];
    const bool a_wins = Before(a, b);
    winners[node] = a_wins ? a : b;
    losers_[node] = a_wins ? b : a;
  }
  winner_ = winners[1];
}

void Merger::Replay() {
  Player winner = winner_;
  for (std::size_t node = (sources_.size() + winner.source) / 2; node > 0; node /= 2) {
    Player& loser = losers_[node];
    if (loser.prefix == winner.prefix) [[unlikely]] {
      if (TieBefore(loser.source, winner.source)) std::swap(loser, winner);
      continue;
    }
    // Nobody can predict who wins, so this must not become a branch.
    const std::uint64_t wins = -std::uint64_t{loser.prefix < winner.prefix};
    const std::uint64_t prefixes = (loser.prefix ^ winner.prefix) & wins;
    const auto sources = static_cast<std::uint32_t>((loser.source ^ winner.source) & wins);
    loser.prefix ^= prefixes;
    winner.prefix ^= prefixes;
    loser.source ^= sources;
    winner.source ^= sources;
  }
  winner_ = winner;
}

std::span<const EncodedPair> Merger::NextBatch() {
  if (failure_ != nullptr) std::rethrow_exception(failure_);
  try {
    return Merge();
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
}

std::span<const EncodedPair> Merger::Merge() {
  ThrowIfCancelled(cancelled_);
  if (std::exchange(winner_needs_block_, false)) {
    winner_ = Refill(winner_.source);
    Replay();
  }
  std::size_t count = 0;
  while (count < batch_.size() && !sources_[winner_.source].exhausted) {
    Source& source = sources_[winner_.source];
    batch_[count++] = source.pair;
    if (source.reader->NextInBlock(&source.pair)) {
      winner_.prefix = KeyPrefix(source.pair);
    } else if (source.reader->has_more_blocks()) {
      // The batch points into the block that would be replaced.
      winner_needs_block_ = true;
      break;
    } else {
      source.exhausted = true;
      winner_.prefix = kExhaustedPrefix;
    }
    Replay();
  }
  records_->fetch_add(count, std::memory_order_relaxed);
  return {batch_.data(), count};
}

}  // namespace gristmill::worker
