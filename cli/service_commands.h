// `gristmill coordinator` and `gristmill worker`: long-lived processes that log to stderr. SIGTERM
// and Ctrl-C end them in good order, a second signal at once. Each returns the exit code.
#pragma once

#include <string>

#include "coordinator/server.h"
#include "worker/worker.h"

namespace gristmill::cli {

// Durations are parsed from text such as "10s"; empty means the default in `options`.
struct CoordinatorFlags {
  coordinator::ServerOptions options;
  std::string heartbeat, lease, quarantine;
  std::string file_space;  // a size
  std::string log_level = "info";
};
int RunCoordinator(CoordinatorFlags flags);

struct WorkerFlags {
  worker::WorkerOptions options;
  std::string reconnect_for, drain_deadline;
  std::string runner_memory;  // a size, or "none"
  std::string memory;         // a size
  std::vector<std::string> labels;
  std::string spill_reserve;                 // a size
  std::string shuffle = "local";             // or "remote"
  std::string shuffle_compression = "auto";  // or "on", "off"
  std::string log_level = "info";
};
int RunWorker(WorkerFlags flags);

}  // namespace gristmill::cli
