// Where an attempt's time goes: always on, for the clock is read when the attempt passes from one
// stage of the data path to another, which is once or twice a block and never for a record.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "gristmill/task.h"

namespace gristmill::worker {

enum class PipelineStage : std::uint8_t {
  kFramework,  // what is none of the others
  kSample,
  kRead,
  kMap,
  kSort,
  kSpill,
  kFetch,
  kMerge,
  kReduce,
  kWrite,
};
inline constexpr std::size_t kPipelineStages = 10;

// Of one attempt and the thread that runs it; others may look at what it spent.
class StageClock {
 public:
  StageClock() { Begin(); }

  // Time counts from now on.
  void Begin() { since_.store(Now(), std::memory_order_relaxed); }

  // Time counts for `stage` from now on. Returns the stage that ends.
  PipelineStage Enter(PipelineStage stage) {
    const Clock::rep now = Now();
    const PipelineStage before = stage_.load(std::memory_order_relaxed);
    std::atomic<Clock::rep>& spent = spent_[static_cast<std::size_t>(before)];
    const Clock::rep spent_now = now - since_.load(std::memory_order_relaxed);
    spent.store(spent.load(std::memory_order_relaxed) + spent_now, std::memory_order_relaxed);
    since_.store(now, std::memory_order_relaxed);
    stage_.store(stage, std::memory_order_relaxed);
    return before;
  }

  // By stage, with the one that goes on. From another thread, a moment may be counted twice or not
  // at all.
  using Times = std::array<std::chrono::milliseconds, kPipelineStages>;
  Times Spent() const;

  // What an attempt that ends is to report of a stage. Too little for a counter of its own (zero is
  // returned) is left to the next attempt on this thread: a job of a million tiny tasks must not
  // carry, journal and add up millions of microseconds one by one.
  std::uint64_t TakeMicroseconds(PipelineStage stage);

  // Less than that is too little.
  static constexpr std::chrono::microseconds kReportMin{100};

 private:
  using Clock = std::chrono::steady_clock;
  static Clock::rep Now() { return Clock::now().time_since_epoch().count(); }

  // One thread writes them: no more than plain stores and loads.
  std::atomic<PipelineStage> stage_ = PipelineStage::kFramework;
  std::atomic<Clock::rep> since_ = 0;
  std::array<std::atomic<Clock::rep>, kPipelineStages> spent_{};
};

// The name of a stage's counter, such as "time_read_us".
std::string_view CounterNameOf(PipelineStage stage);

// Time counts for a stage as long as this lives, then for the one before again.
class InStage {
 public:
  InStage(StageClock& clock, PipelineStage stage) : clock_(clock), before_(clock.Enter(stage)) {}
  InStage(const InStage&) = delete;
  InStage& operator=(const InStage&) = delete;
  ~InStage() { clock_.Enter(before_); }

 private:
  StageClock& clock_;
  const PipelineStage before_;
};

// Between the beginning and the end of a run the job's code sorts, but for the blocks it hands
// over.
class TimedRuns final : public RunSink {
 public:
  TimedRuns(RunSink& runs, StageClock& clock) : runs_(runs), clock_(clock) {}

  void BeginRun() override {
    before_ = clock_.Enter(PipelineStage::kSort);
    runs_.BeginRun();
  }
  void Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) override {
    const InStage spilling(clock_, PipelineStage::kSpill);
    runs_.Append(partition, block, pairs);
  }
  void EndRun() override {
    runs_.EndRun();
    clock_.Enter(before_);
  }

 private:
  RunSink& runs_;
  StageClock& clock_;
  PipelineStage before_ = PipelineStage::kMap;
};

class TimedPairs final : public PairSource {
 public:
  TimedPairs(PairSource& pairs, StageClock& clock) : pairs_(pairs), clock_(clock) {}

  std::span<const EncodedPair> NextBatch() override {
    const InStage merging(clock_, PipelineStage::kMerge);
    return pairs_.NextBatch();
  }

 private:
  PairSource& pairs_;
  StageClock& clock_;
};

class TimedInput final : public InputSource {
 public:
  TimedInput(InputSource& input, StageClock& clock) : input_(input), clock_(clock) {}

  bool NextBlock(InputBlock* block) override {
    const InStage reading(clock_, PipelineStage::kRead);
    return input_.NextBlock(block);
  }

 private:
  InputSource& input_;
  StageClock& clock_;
};

class TimedOutput final : public OutputSink {
 public:
  TimedOutput(OutputSink& output, StageClock& clock) : output_(output), clock_(clock) {}

  void Append(std::string_view bytes, std::uint64_t records) override {
    const InStage writing(clock_, PipelineStage::kWrite);
    output_.Append(bytes, records);
  }

 private:
  OutputSink& output_;
  StageClock& clock_;
};

}  // namespace gristmill::worker
