// Between the wire's messages and the core's values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/v1/runner_service.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "worker/core/input.h"
#include "worker/core/output.h"

namespace gristmill::worker {

// Reports pile up while there is no session; a gRPC message has at most 64 MiB.
inline constexpr std::size_t kReportBatchBytesMax = std::size_t{16} << 20;

// What a runner is told with every job.
struct RunnerSetup {
  // What the worker has for tasks.
  struct Resources {
    std::uint32_t slots = 1;
    std::uint64_t memory_bytes = 0;
    std::uint32_t gpus = 0;
  };
  Resources resources;
  std::string spill_directory;
};

// So many tasks of the job the worker may run at once: the threads of the job's runner; at least 1.
std::uint32_t ThreadsFor(const v1::JobRequest& request, const RunnerSetup::Resources& resources);

// A message may be several inputs, or none if this version does not know it.
std::vector<Input> InputsOf(v1::CoordinatorMessage message, const RunnerSetup& setup);
std::optional<Input> InputOf(RunnerId runner, v1::RunnerMessage message);

// The command that a payload made by InputsOf stands for.
v1::RunnerCommand CommandOf(const ForwardToRunner& forward);
v1::RunnerCommand CommandOf(const CancelOnRunner& cancel);
v1::RunnerCommand CommandOf(const CutOnRunner& cut);

v1::WorkerMessage MessageOf(const SendHeartbeat& heartbeat);
// As many messages as it takes for none to be larger than `bytes_max`, unless one report alone is.
std::vector<v1::WorkerMessage> MessagesOf(const SendReports& reports,
                                          std::size_t bytes_max = kReportBatchBytesMax);

}  // namespace gristmill::worker
