// Which attempts a runner is running, in memory that outlives it: after a crash the worker reads
// there whom to suspect.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "worker/runner/file_descriptor.h"

namespace gristmill::worker {

// A page shared by a worker and one of its runners, with a place per thread of the runner's pool.
// Begin and End cost a store each. Nothing that the page holds can harm the reader, whatever user
// code wrote over it.
class FlightRecorder {
 public:
  // The worker's side.
  static absl::StatusOr<std::unique_ptr<FlightRecorder>> Create(std::uint32_t threads);
  // The runner's: the page that it inherited as this descriptor, which is closed. Null if there is
  // none, as when a test starts a runner by itself.
  static std::unique_ptr<FlightRecorder> Inherit(int descriptor);
  ~FlightRecorder();
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  int descriptor() const { return file_.get(); }

  // Called by the pool's thread `thread`, counted from zero; one beyond the page is not recorded.
  void Begin(std::uint32_t thread, AttemptId attempt) { Set(thread, attempt.value()); }
  void End(std::uint32_t thread) { Set(thread, 0); }

  // Begun and not ended; consistent once the runner is dead.
  std::vector<AttemptId> InFlight() const;

 private:
  struct alignas(64) Place {
    std::atomic<std::uint64_t> attempt;
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  FlightRecorder(FileDescriptor file, void* page, std::size_t places)
      : file_(std::move(file)), places_(static_cast<Place*>(page)), count_(places) {}
  static std::unique_ptr<FlightRecorder> Map(FileDescriptor file, std::size_t places);
  void Set(std::uint32_t thread, std::uint64_t attempt) {
    if (thread < count_) places_[thread].attempt.store(attempt, std::memory_order_relaxed);
  }

  FileDescriptor file_;
  Place* const places_;
  const std::size_t count_;
};

}  // namespace gristmill::worker
