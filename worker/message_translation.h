// Between the wire's messages and the core's values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/v1/runner_service.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "worker/core/input.h"
#include "worker/core/output.h"

namespace gristmill::worker {

// What a runner is told with every job.
struct RunnerSetup {
  std::uint32_t threads = 1;
  std::string spill_directory;
};

// A message may be several inputs, or none if this version does not know it.
std::vector<Input> InputsOf(v1::CoordinatorMessage message, const RunnerSetup& setup);
std::optional<Input> InputOf(RunnerId runner, v1::RunnerMessage message);

// The command that a payload made by InputsOf stands for.
v1::RunnerCommand CommandOf(const ForwardToRunner& forward);
v1::RunnerCommand CommandOf(const CancelOnRunner& cancel);

v1::WorkerMessage MessageOf(const SendHeartbeat& heartbeat);
v1::WorkerMessage MessageOf(const SendReports& reports);

}  // namespace gristmill::worker
