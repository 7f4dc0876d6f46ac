#include "worker/pipeline/merger.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

constexpr std::uint32_t kPrefixBytes = 8;

std::uint64_t KeyPrefix(const EncodedPair& pair) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, pair.key, std::min(pair.key_bytes, kPrefixBytes));
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
    : cancelled_(cancelled), records_(records), sources_(segments.size()) {
  batch_.reserve(kBatchPairsMax);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    ThrowIfCancelled(cancelled_);
    sources_[i].reader = std::make_unique<SegmentReader>(segments[i]);
    Refill(sources_[i]);
  }
  BuildTree();
}

bool Merger::Before(std::uint32_t a, std::uint32_t b) const {
  const Source& x = sources_[a];
  const Source& y = sources_[b];
  if (x.exhausted || y.exhausted) return x.exhausted != y.exhausted ? y.exhausted : a < b;
  if (x.prefix != y.prefix) return x.prefix < y.prefix;
  const int order = CompareRest(x.pair, y.pair);
  return order != 0 ? order < 0 : a < b;
}

void Merger::SetPair(Source& source, const EncodedPair& pair) {
  source.pair = pair;
  source.prefix = KeyPrefix(pair);
}

void Merger::Refill(Source& source) {
  EncodedPair pair;
  while (!source.reader->NextInBlock(&pair)) {
    if (!source.reader->has_more_blocks()) {
      source.exhausted = true;
      return;
    }
    source.reader->LoadBlock();
  }
  SetPair(source, pair);
}

void Merger::BuildTree() {
  // Leaf i is node k + i; node n has the children 2n and 2n + 1. Works for every k.
  const auto k = static_cast<std::uint32_t>(sources_.size());
  losers_.resize(k);
  std::vector<std::uint32_t> winners(2 * std::size_t{k});
  for (std::uint32_t i = 0; i < k; ++i) winners[k + i] = i;
  for (std::uint32_t node = k; node-- > 1;) {
    const std::uint32_t a = winners[2 * node], b = winners[2 * node + 1];
    const bool a_wins = Before(a, b);
    winners[node] = a_wins ? a : b;
    losers_[node] = a_wins ? b : a;
  }
  winner_ = k > 1 ? winners[1] : 0;
}

void Merger::Replay() {
  std::uint32_t winner = winner_;
  for (auto node = (static_cast<std::uint32_t>(sources_.size()) + winner) / 2; node > 0;
       node /= 2) {
    if (Before(losers_[node], winner)) std::swap(losers_[node], winner);
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
  batch_.clear();
  if (std::exchange(winner_needs_block_, false)) {
    Refill(sources_[winner_]);
    Replay();
  }
  while (batch_.size() < kBatchPairsMax && !sources_.empty() && !sources_[winner_].exhausted) {
    Source& source = sources_[winner_];
    batch_.push_back(source.pair);
    EncodedPair next;
    if (source.reader->NextInBlock(&next)) {
      SetPair(source, next);
    } else if (source.reader->has_more_blocks()) {
      // The batch points into the block that would be replaced.
      winner_needs_block_ = true;
      break;
    } else {
      source.exhausted = true;
    }
    Replay();
  }
  records_->fetch_add(batch_.size(), std::memory_order_relaxed);
  return batch_;
}

}  // namespace gristmill::worker
