#include <algorithm>
#include <utility>
#include <vector>

#include "worker/pipeline/block_source.h"

namespace gristmill::worker {
namespace {

constexpr std::uint64_t kPlaces = 16;
// Of each place, but no more than that part of the split, unless it is a small one.
constexpr std::uint64_t kPlaceBytes = 64 << 10;
constexpr std::uint64_t kPlaceBytesMin = 4 << 10;
constexpr std::uint64_t kPlaceShare = 1024;
constexpr std::uint64_t kRangeShare = 64;  // of a range, this part of each place is sampled
constexpr std::uint64_t kBlockStride = 4;

// Reads several parts of a split, one after the other.
class PlacesSource final : public InputSource {
 public:
  PlacesSource(std::vector<v1::Split> places, const SourceOptions& options,
               const std::atomic<bool>& cancelled)
      : places_(std::move(places)), options_(options), cancelled_(cancelled) {}

  bool NextBlock(InputBlock* block) override {
    while (true) {
      if (source_ != nullptr && source_->NextBlock(block)) return true;
      if (next_ == places_.size()) return false;
      source_ = MakeBlockSource(places_[next_++], options_, cancelled_);
    }
  }

 private:
  const std::vector<v1::Split> places_;
  const SourceOptions options_;
  const std::atomic<bool>& cancelled_;
  std::size_t next_ = 0;
  std::unique_ptr<InputSource> source_;
};

// Hands out every fourth block.
class StridedSource final : public InputSource {
 public:
  explicit StridedSource(std::unique_ptr<InputSource> source) : source_(std::move(source)) {}

  bool NextBlock(InputBlock* block) override {
    while (source_->NextBlock(block)) {
      if (index_++ % kBlockStride == 0) return true;
    }
    return false;
  }

 private:
  std::unique_ptr<InputSource> source_;
  std::uint64_t index_ = 0;
};

// Where place `index` begins in `total` units.
std::uint64_t PlaceBegin(std::uint64_t total, std::uint64_t index) {
  return total / kPlaces * index + total % kPlaces * index / kPlaces;
}

std::vector<v1::Split> PlacesInFile(const v1::Split& split, std::uint64_t unit_bytes) {
  const std::uint64_t place_bytes =
      std::clamp(split.length() / kPlaceShare, kPlaceBytesMin, kPlaceBytes);
  if (split.length() <= kPlaces * std::max(place_bytes, unit_bytes)) return {split};
  std::vector<v1::Split> places;
  for (std::uint64_t i = 0; i < kPlaces; ++i) {
    v1::Split place = split;
    place.set_offset(split.offset() + PlaceBegin(split.length() / unit_bytes, i) * unit_bytes);
    place.set_length(std::max<std::uint64_t>(place_bytes / unit_bytes, 1) * unit_bytes);
    places.push_back(std::move(place));
  }
  return places;
}

std::vector<v1::Split> PlacesInRange(const v1::Split& split) {
  const auto begin = static_cast<std::uint64_t>(split.range_begin());
  const std::uint64_t length = static_cast<std::uint64_t>(split.range_end()) - begin;
  if (length <= kPlaces) return {split};
  const std::uint64_t place_length = std::max<std::uint64_t>(length / kPlaces / kRangeShare, 1);
  std::vector<v1::Split> places;
  for (std::uint64_t i = 0; i < kPlaces; ++i) {
    const std::uint64_t place_begin = begin + PlaceBegin(length, i);
    v1::Split place = split;
    place.set_range_begin(static_cast<std::int64_t>(place_begin));
    place.set_range_end(static_cast<std::int64_t>(place_begin + place_length));
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace

std::unique_ptr<InputSource> MakeSampledSource(const v1::Split& split, const SourceOptions& options,
                                               const std::atomic<bool>& cancelled) {
  if (options.format == v1::INPUT_FORMAT_INTEGER_RANGE) {
    return std::make_unique<PlacesSource>(PlacesInRange(split), options, cancelled);
  }
  if (options.format == v1::INPUT_FORMAT_WHOLE_FILES) {
    return MakeBlockSource(split, options, cancelled);
  }
  if (split.compression() != v1::COMPRESSION_NONE) {
    SourceOptions small_blocks = options;
    small_blocks.block_bytes = kPlaceBytes;
    return std::make_unique<StridedSource>(MakeBlockSource(split, small_blocks, cancelled));
  }
  const bool fixed = options.format == v1::INPUT_FORMAT_FIXED_RECORDS;
  const std::uint64_t unit_bytes = fixed ? std::max<std::uint64_t>(options.record_bytes, 1) : 1;
  return std::make_unique<PlacesSource>(PlacesInFile(split, unit_bytes), options, cancelled);
}

}  // namespace gristmill::worker
