// What is going to happen, by virtual time. Events at the same time happen in the order of pushing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/xoshiro.h"

namespace gristmill::simulation {

using Microseconds = std::int64_t;  // of virtual time
inline constexpr Microseconds kMillisecond = 1'000;
inline constexpr Microseconds kSecond = 1'000'000;

enum class Happening : std::uint8_t {
  kMessageToCoordinator,
  kMessageToWorker,
  kSessionBreaks,       // the connection: what is under way is lost
  kWorkerSeesBreak,     // its end of a session
  kCoordinatorSeesEnd,  // its end of a session
  kWorkerStarts,
  kWorkerDials,
  kWorkerTimer,
  kRunnerConnects,
  kRunnerDetaches,
  kRunnerDies,
  kRunnerReports,
  kAttemptEnds,
  kAttemptIsCut,
  kTurnBegins,
  kTurnSynced,
  kCoordinatorTimer,
  kCoordinatorStarts,
  kOutputCommitted,
  kClientSubmits,
  kClientHearsReply,
  kClientCancels,
  kClientSuspends,
  kClientLooks,
  kFault,
  kHeal,
  kCalm,
};

struct Event {
  Microseconds at = 0;
  std::uint64_t order_and_what = 0;
  std::uint32_t target = 0;      // worker, session or client
  std::uint32_t generation = 0;  // of the target; an event for an earlier one is void
  std::uint64_t detail = 0;

  Happening what() const { return static_cast<Happening>(order_and_what & 0xff); }
};

// A 4-ary heap: half the depth of a binary one, and four entries lie in two cache lines.
class EventHeap {
 public:
  Microseconds now() const { return now_; }
  bool empty() const { return events_.empty(); }
  std::uint64_t popped() const { return popped_; }
  // A hash of everything that happened, in order: equal for equal histories.
  std::uint64_t digest() const { return digest_; }

  // Not before now().
  void Push(Microseconds at, Happening what, std::uint32_t target = 0, std::uint32_t generation = 0,
            std::uint64_t detail = 0) {
    Insert({at < now_ ? now_ : at, (++pushed_ << 8) | static_cast<std::uint8_t>(what), target,
            generation, detail});
  }
  // Of an event that was popped: it keeps its place among those of the same time, for what was sent
  // in order is to arrive in order.
  void PutOff(Event event, Microseconds at) {
    event.at = at < now_ ? now_ : at;
    Insert(event);
  }

  // There is one.
  Event Pop() {
    const Event first = events_.front();
    const Event last = events_.back();
    events_.pop_back();
    if (!events_.empty()) SiftDown(last);
    now_ = first.at;
    ++popped_;
    digest_ = Xoshiro::Scramble(digest_ ^ static_cast<std::uint64_t>(first.at) ^
                                (first.order_and_what << 20) ^ first.detail) +
              first.target;
    return first;
  }

 private:
  static bool Before(const Event& a, const Event& b) {
    return a.at != b.at ? a.at < b.at : a.order_and_what < b.order_and_what;
  }
  void Insert(const Event& event) {
    std::size_t hole = events_.size();
    events_.push_back(event);
    while (hole > 0 && Before(event, events_[(hole - 1) / 4])) {
      events_[hole] = events_[(hole - 1) / 4];
      hole = (hole - 1) / 4;
    }
    events_[hole] = event;
  }
  void SiftDown(const Event& event) {
    const std::size_t size = events_.size();
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size; child = 4 * hole + 1) {
      std::size_t least = child;
      const std::size_t end = child + 4 < size ? child + 4 : size;
      for (std::size_t other = child + 1; other < end; ++other) {
        if (Before(events_[other], events_[least])) least = other;
      }
      if (!Before(events_[least], event)) break;
      events_[hole] = events_[least];
      hole = least;
    }
    events_[hole] = event;
  }

  std::vector<Event> events_;
  Microseconds now_ = 0;
  std::uint64_t pushed_ = 0;
  std::uint64_t popped_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace gristmill::simulation
