// A runner on a virtual worker: a thread pool that takes its time and sometimes misbehaves.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "simulation/event_heap.h"
#include "simulation/payloads.h"
#include "worker/core/input.h"

namespace gristmill::simulation {

// One process. Its worker tells it what happens and asks what to do.
struct VirtualRunner {
  worker::RunnerId id;
  JobId job;
  bool alone = false;  // for one attempt
  bool connected = false;
  bool hangs = false;     // it does not heed a cancel or a stop
  bool detached = false;  // it lost its stream: nobody hears what it reports

  using SourcesPtr = std::shared_ptr<const SourcesPayload>;
  struct Attempt {
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
  std::shared_ptr<const StartPayload> plan;
  std::vector<SourcesPtr> sources;        // the newest of each stage
  std::vector<std::uint32_t> broadcasts;  // stages whose results it has
  std::vector<Attempt> running;           // at most as many as it has threads
  std::deque<Attempt> waiting;
  std::vector<worker::Report> held;  // wait for others

  void SetSources(SourcesPtr told);
  SourcesPtr FindSources(std::uint32_t stage) const;
  Attempt* Find(AttemptId attempt);
};

}  // namespace gristmill::simulation
