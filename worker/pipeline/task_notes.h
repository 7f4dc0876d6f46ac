// What an attempt tells of itself while it runs, for people.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gristmill/task.h"
#include "gristmill/v1/insight.pb.h"
#include "worker/pipeline/stage_clock.h"

namespace gristmill::worker {

// Written by the attempt's thread, read by any.
class TaskNotes final : public StatusSink {
 public:
  static constexpr std::size_t kStatusBytesMax = 200;

  // Of text that is no UTF-8 what can be read.
  void SetStatus(std::string_view text) override;
  // The encoded key with the most pairs so far.
  void SetHeavyKey(std::string_view key, std::uint64_t pairs);
  // What a reduce attempt merges.
  void SetInputBytes(std::uint64_t bytes) { input_bytes_.store(bytes, std::memory_order_relaxed); }
  StageClock& clock() { return clock_; }

  std::string status() const;
  std::uint64_t input_bytes() const { return input_bytes_.load(std::memory_order_relaxed); }
  // No pairs: there is none. `type` is that of the job's output keys ("u64"): most likely the key
  // is of it.
  v1::HeavyKey HeavyKey(std::string_view type) const;
  v1::TimeSpent spent() const;

 private:
  mutable absl::Mutex mutex_;
  std::string status_ ABSL_GUARDED_BY(mutex_);
  std::string heavy_key_ ABSL_GUARDED_BY(mutex_);  // its beginning
  std::size_t heavy_key_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t heavy_pairs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<std::uint64_t> input_bytes_{0};
  StageClock clock_;
};

}  // namespace gristmill::worker
