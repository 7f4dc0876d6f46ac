#include "coordinator/core/run_times.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "coordinator/core/turn.h"

namespace gristmill::coordinator {
namespace {

// Finished attempts before a median means anything.
constexpr std::uint64_t kFinishedMin = 3;

constexpr int kStepBits = 3;
constexpr std::uint64_t kSteps = 1 << kStepBits;
constexpr std::size_t kCounts = (64 - kStepBits + 1) * kSteps;

// Lengths below kSteps each have a step of their own.
std::size_t StepOf(std::uint64_t us) {
  if (us < kSteps) return static_cast<std::size_t>(us);
  const int shift = std::bit_width(us) - 1 - kStepBits;
  return static_cast<std::size_t>(shift) * kSteps + static_cast<std::size_t>(us >> shift);
}

// The longest that StepOf puts there.
std::uint64_t LongestOf(std::size_t step) {
  if (step < kSteps) return step;
  const std::size_t shift = step / kSteps - 1;
  const std::uint64_t first = (kSteps + step % kSteps) << shift;
  return first + ((std::uint64_t{1} << shift) - 1);
}

}  // namespace

void RunTimes::Add(std::uint64_t run_us) {
  if (counts_.empty()) counts_.resize(kCounts);
  ++counts_[StepOf(run_us)];
  ++count_;
}

std::uint64_t RunTimes::median_us() const {
  GM_CHECK(count_ > 0);
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step < counts_.size(); ++step) {
    seen += counts_[step];
    if (2 * seen >= count_) return LongestOf(step);
  }
  GM_CHECK(false);
  return 0;
}

DurationMs LimitByMedian(const RunTimes& times, std::uint32_t percent) {
  if (percent == 0 || times.count() < kFinishedMin) return kNoLimit;
  const double ms = static_cast<double>(times.median_us()) / 1'000 * percent / 100;
  constexpr double kMsMax = 1e15;
  return std::max(kMedianLimitMsMin, static_cast<DurationMs>(std::min(ms, kMsMax)));
}

void StopIfOverdue(Turn& turn, AttemptId attempt, const RunningAttempt& running,
                   DurationMs run_ms) {
  if (run_ms <= kMedianLimitMsMin) return;  // of most: spares them the search for the median
  const Job& job = *turn.state.jobs.Find(running.task.job);
  const DurationMs limit_ms =
      LimitByMedian(job.stages[running.task.stage].run_times, job.timeout_percent);
  if (limit_ms == kNoLimit || run_ms <= limit_ms) return;
  turn.Do(StopOverdue{running.worker, attempt, limit_ms});
}

}  // namespace gristmill::coordinator
