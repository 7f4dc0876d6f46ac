// A map task that has much left to read may be asked to give up some of it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

namespace gristmill::worker {

// Shared by the source that reads a split, on its task's thread, and by those that ask and watch.
// Positions are bytes or integers from the beginning of the split. Thread-safe.
class SplitCut {
 public:
  // The source is to give up the second half of what it has not read, as soon as it can.
  void Ask() { asked_.store(true, std::memory_order_relaxed); }
  // Where the split ends, if that is not where it was to end.
  std::optional<std::uint64_t> cut_at() const {
    const std::uint64_t at = cut_at_.load(std::memory_order_relaxed);
    return at == kNowhere ? std::nullopt : std::optional(at);
  }
  // How much of the split is done, in millionths.
  std::uint32_t done_ppm() const { return done_ppm_.load(std::memory_order_relaxed); }

  // For the source, between two blocks: the records before `position` are done, those from there to
  // `end` were not handed out. Returns the new end: the same unless the source was asked and has
  // two blocks left at least. Positions are multiples of `unit`, except perhaps the last `end`.
  std::uint64_t Look(std::uint64_t position, std::uint64_t end, std::uint64_t block,
                     std::uint64_t unit = 1) {
    const std::uint64_t left = end - position;
    if (asked_.load(std::memory_order_relaxed) && left / 2 >= std::max(block, unit)) {
      end = position + left / 2 / unit * unit;
      cut_at_.store(end, std::memory_order_relaxed);
    }
    asked_.store(false, std::memory_order_relaxed);
    done_ppm_.store(
        static_cast<std::uint32_t>(1e6 * static_cast<double>(position) /
                                   static_cast<double>(std::max<std::uint64_t>(end, 1))),
        std::memory_order_relaxed);
    return end;
  }

 private:
  static constexpr std::uint64_t kNowhere = std::numeric_limits<std::uint64_t>::max();
  std::atomic<bool> asked_{false};
  std::atomic<std::uint64_t> cut_at_{kNowhere};
  std::atomic<std::uint32_t> done_ppm_{0};
};

}  // namespace gristmill::worker
