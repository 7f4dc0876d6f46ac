#include "worker/pipeline/stage_clock.h"

#include <algorithm>

namespace gristmill::worker {

std::uint64_t StageClock::TakeMicroseconds(PipelineStage stage) {
  using std::chrono::microseconds;
  thread_local std::array<Clock::duration, kPipelineStages> unreported{};
  const auto index = static_cast<std::size_t>(stage);
  Clock::duration& left = unreported[index];
  left += Clock::duration(spent_[index].load(std::memory_order_relaxed));
  spent_[index].store(0, std::memory_order_relaxed);
  if (left < kReportMin) return 0;
  const auto whole = std::chrono::floor<microseconds>(left);
  left -= whole;
  return static_cast<std::uint64_t>(whole.count());
}

StageClock::Times StageClock::Spent() const {
  Times times{};
  const auto add = [&times](std::size_t index, Clock::rep spent) {
    times[index] += std::chrono::floor<std::chrono::milliseconds>(Clock::duration(spent));
  };
  for (std::size_t i = 0; i < kPipelineStages; ++i) {
    add(i, spent_[i].load(std::memory_order_relaxed));
  }
  const Clock::rep since = since_.load(std::memory_order_relaxed);
  add(static_cast<std::size_t>(stage_.load(std::memory_order_relaxed)),
      std::max<Clock::rep>(Now() - since, 0));
  return times;
}

std::string_view CounterNameOf(PipelineStage stage) {
  switch (stage) {
    case PipelineStage::kFramework:
      return "time_framework_us";
    case PipelineStage::kSample:
      return "time_sample_us";
    case PipelineStage::kRead:
      return "time_read_us";
    case PipelineStage::kMap:
      return "time_map_us";
    case PipelineStage::kSort:
      return "time_sort_us";
    case PipelineStage::kSpill:
      return "time_spill_us";
    case PipelineStage::kFetch:
      return "time_fetch_us";
    case PipelineStage::kMerge:
      return "time_merge_us";
    case PipelineStage::kReduce:
      return "time_reduce_us";
    case PipelineStage::kWrite:
      return "time_write_us";
  }
  return "time_framework_us";
}

}  // namespace gristmill::worker
