// An attempt on a virtual runner: it reads its part of a split evenly, in the time that it takes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "simulation/event_heap.h"
#include "simulation/payloads.h"

namespace gristmill::simulation {

// Shared by all attempts that were told the same.
using SourcesPtr = std::shared_ptr<const SourcesPayload>;

// Its runner holds it; virtual_attempt.cc moves it from one state to the next.
struct VirtualAttempt {
  AttemptId id;
  TaskRef task;
  bool cancelled = false;
  std::uint32_t planned = 0;
  std::vector<std::uint64_t> skips;  // records that it leaves out
  // What it is to read of its planned split: less once it was cut.
  std::uint64_t begin = 0, end = kSplitLength;
  bool cut = false;
  Microseconds began = 0, takes = 0;
  // How much it has read by then.
  std::uint64_t ReadBy(Microseconds now) const;
  std::vector<SourcesPtr> reads;  // as of its assignment
  std::vector<std::uint32_t> gpus;
};

}  // namespace gristmill::simulation
