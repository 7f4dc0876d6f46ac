// A runner on a virtual worker: a thread pool that takes its time and sometimes misbehaves.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "simulation/payloads.h"
#include "simulation/virtual_attempt.h"
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

  std::shared_ptr<const StartPayload> plan;
  std::vector<SourcesPtr> sources;        // the newest of each stage
  std::vector<std::uint32_t> broadcasts;  // stages whose results it has
  std::vector<VirtualAttempt> running;    // at most as many as it has threads
  std::deque<VirtualAttempt> waiting;
  std::vector<worker::Report> held;  // wait for others

  void SetSources(SourcesPtr told);
  SourcesPtr FindSources(std::uint32_t stage) const;
  VirtualAttempt* Find(AttemptId attempt);
};

}  // namespace gristmill::simulation
