#include "coordinator/task_times.h"

#include <algorithm>
#include <limits>

namespace gristmill::coordinator {
namespace {

// A job of 49 days is cut off there.
std::uint32_t PlusOne(std::uint64_t ms) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(ms + 1, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

TaskTimes::Entry& TaskTimes::EntryOf(std::uint32_t stage, std::uint32_t task) {
  if (stage >= entries_.size()) entries_.resize(stage + 1);
  if (task >= entries_[stage].size()) entries_[stage].resize(task + 1);
  return entries_[stage][task];
}

void TaskTimes::Start(std::uint32_t stage, std::uint32_t task, std::uint64_t started_ms) {
  EntryOf(stage, task) = {PlusOne(started_ms), 0};
}

void TaskTimes::End(std::uint32_t stage, std::uint32_t task, std::int64_t ended_ms,
                    std::int64_t run_ms) {
  const auto positive = [](std::int64_t ms) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, ms));
  };
  EntryOf(stage, task) = {PlusOne(positive(ended_ms - run_ms)), PlusOne(positive(run_ms))};
}

TaskTimes::Time TaskTimes::Of(std::uint32_t stage, std::uint32_t task) const {
  if (stage >= entries_.size() || task >= entries_[stage].size()) return {};
  const Entry& entry = entries_[stage][task];
  if (entry.started_ms == 0) return {};
  return {entry.started_ms - 1u, entry.run_ms > 0 ? entry.run_ms - 1u : 0, true, entry.run_ms > 0};
}

}  // namespace gristmill::coordinator
