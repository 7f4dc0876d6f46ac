// What the parts of the virtual cluster share.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>

#include "base/xoshiro.h"
#include "simulation/checker.h"
#include "simulation/conditions.h"
#include "simulation/data_plane.h"
#include "simulation/event_heap.h"
#include "simulation/network.h"
#include "simulation/options.h"
#include "simulation/sabotage.h"

namespace gristmill::simulation {

struct World {
  explicit World(const Options& options)
      : tell(options.tell),
        random(options.seed),
        conditions(DrawConditions(options, random)),
        data(conditions.workers),
        checker(&data, conditions.limits.running_jobs_max),
        network(&heap, &random, &conditions, conditions.workers),
        saboteur(options.sabotage) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A line of the run's history; only if somebody listens.
  template <class... Args>
  void Tell(fmt::format_string<Args...> format, Args&&... args) {
    if (tell) tell(heap.now(), fmt::format(format, std::forward<Args>(args)...));
  }

  const std::function<void(Microseconds, const std::string&)> tell;
  Xoshiro random;
  Conditions conditions;
  EventHeap heap;
  DataPlane data;
  Checker checker;
  Network network;
  Saboteur saboteur;
};

// A monotonic clock of one process. Its origin means nothing, and it may jump forward.
class VirtualClock {
 public:
  explicit VirtualClock(std::int64_t offset_ms = 0) : offset_ms_(offset_ms) {}
  Instant At(Microseconds time) const { return {time / kMillisecond + offset_ms_}; }
  // When the clock shows `instant`, if it does not jump.
  Microseconds TimeOf(Instant instant) const { return (instant.ms - offset_ms_) * kMillisecond; }
  void Jump(std::int64_t ms) { offset_ms_ += ms; }

 private:
  std::int64_t offset_ms_;
};

}  // namespace gristmill::simulation
