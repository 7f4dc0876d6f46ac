// What a runner is at, in memory that outlives it: after a crash the worker reads there whom to
// suspect, at which record, and what the handler of the signal saw.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_descriptor.h"
#include "base/ids.h"
#include "gristmill/record_mark.h"
#include "worker/core/input.h"
#include "worker/runner/crash_note.h"

namespace gristmill::worker {

// Pages shared by a worker and one of its runners, with a place per thread of the runner's pool.
// Nothing that they hold can harm the reader, whatever user code wrote over it.
class FlightRecorder {
 public:
  // Of one thread.
  struct Place {
    static constexpr std::size_t kPathBytesMax = 500;

    alignas(64) RecordMark mark;  // written for every record
    alignas(64) std::atomic<std::uint64_t> attempt;
    std::uint32_t path_bytes;
    char path[kPathBytesMax];  // of the attempt's input file, its end if it is longer
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  // The worker's side.
  static absl::StatusOr<std::unique_ptr<FlightRecorder>> Create(std::uint32_t threads);
  // The runner's: the pages that it inherited as this descriptor, which is closed. Null if there
  // are none, as when a test starts a runner by itself.
  static std::unique_ptr<FlightRecorder> Inherit(int descriptor);
  ~FlightRecorder();
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  int descriptor() const { return file_.get(); }

  // Of the runner's threads: a runner for one attempt has one.
  std::uint32_t places() const { return static_cast<std::uint32_t>(count_); }

  // Called by the pool's thread `thread`, counted from zero. Null, and nothing is recorded, beyond
  // the last place. The place is the thread's until End.
  Place* Begin(std::uint32_t thread, AttemptId attempt, std::string_view path);
  void End(std::uint32_t thread);

  // Begun and not ended; consistent once the runner is dead.
  std::vector<AttemptInFlight> InFlight() const;

  CrashNote* crash_note() const { return &page_->crash; }

 private:
  struct Page {
    CrashNote crash;
    // Followed by the places.
  };
  static constexpr std::size_t kPlacesOffset =
      (sizeof(Page) + alignof(Place) - 1) / alignof(Place) * alignof(Place);

  FlightRecorder(FileDescriptor file, void* memory, std::size_t places);
  static std::unique_ptr<FlightRecorder> Map(FileDescriptor file, std::size_t places);

  FileDescriptor file_;
  Page* const page_;
  Place* const places_;
  const std::size_t count_;
};

}  // namespace gristmill::worker
