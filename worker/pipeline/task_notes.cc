#include "worker/pipeline/task_notes.h"

#include <algorithm>

#include "base/readable_text.h"
#include "gristmill/key_codec.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kKeyBytesKept = 48;

std::uint64_t Milliseconds(StageClock::Times times, PipelineStage stage) {
  return static_cast<std::uint64_t>(times[static_cast<std::size_t>(stage)].count());
}

std::string DescribeKey(std::string_view beginning, std::size_t bytes, std::string_view type) {
  if (type == "u64" && bytes == sizeof(std::uint64_t)) {
    return std::to_string(DecodeKey<std::uint64_t>(beginning));
  }
  if (type == "i64" && bytes == sizeof(std::int64_t)) {
    return std::to_string(DecodeKey<std::int64_t>(beginning));
  }
  return Quoted(beginning, beginning.size() < bytes);
}

}  // namespace

void TaskNotes::SetStatus(std::string_view text) {
  constexpr std::size_t kCharacterBytesMax = 4;
  std::string readable = ShortenedText(
      ReadableText(text.substr(0, kStatusBytesMax + kCharacterBytesMax)), kStatusBytesMax);
  const absl::MutexLock lock(&mutex_);
  status_ = std::move(readable);
}

void TaskNotes::SetHeavyKey(std::string_view key, std::uint64_t pairs) {
  const absl::MutexLock lock(&mutex_);
  heavy_key_ = key.substr(0, kKeyBytesKept);
  heavy_key_bytes_ = key.size();
  heavy_pairs_ = pairs;
}

std::string TaskNotes::status() const {
  const absl::MutexLock lock(&mutex_);
  return status_;
}

v1::HeavyKey TaskNotes::HeavyKey(std::string_view type) const {
  v1::HeavyKey heavy;
  const absl::MutexLock lock(&mutex_);
  if (heavy_pairs_ == 0) return heavy;
  heavy.set_key(DescribeKey(heavy_key_, heavy_key_bytes_, type));
  heavy.set_pairs(heavy_pairs_);
  return heavy;
}

v1::TimeSpent TaskNotes::spent() const {
  const StageClock::Times times = clock_.Spent();
  v1::TimeSpent spent;
  spent.set_read_ms(Milliseconds(times, PipelineStage::kRead));
  spent.set_map_ms(Milliseconds(times, PipelineStage::kMap));
  spent.set_sort_ms(Milliseconds(times, PipelineStage::kSort));
  spent.set_spill_ms(Milliseconds(times, PipelineStage::kSpill));
  spent.set_fetch_ms(Milliseconds(times, PipelineStage::kFetch));
  spent.set_merge_ms(Milliseconds(times, PipelineStage::kMerge));
  spent.set_reduce_ms(Milliseconds(times, PipelineStage::kReduce));
  spent.set_write_ms(Milliseconds(times, PipelineStage::kWrite));
  spent.set_other_ms(Milliseconds(times, PipelineStage::kFramework) +
                     Milliseconds(times, PipelineStage::kSample));
  return spent;
}

}  // namespace gristmill::worker
