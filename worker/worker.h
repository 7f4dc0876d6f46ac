// The worker process: session, runners and shuffle service behind three calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/instant.h"
#include "worker/rpc/shuffle_server.h"

namespace gristmill::worker {

struct WorkerOptions {
  std::string coordinator;           // host:port
  std::string listen = "0.0.0.0:0";  // of the shuffle service
  std::string advertise;  // host others reach it by; default: this host's name or address
  std::string directory;  // spill files live below it, in a directory of this instance
  bool share_spill_directory = true;  // readers on this host open its files instead of fetching
  // Of what readers on other hosts fetch.
  ShuffleCompression shuffle_compression = ShuffleCompression::kWherePays;
  std::uint32_t slots = 0;  // 0: the cgroup's CPU quota, else the online cores
  // What tasks may ask for: together, of each worker.
  std::uint64_t memory_bytes = 0;  // 0: what this process may use
  std::uint32_t gpus = 0;
  std::vector<std::string> labels = {};  // ascending, each once
  DurationMs reconnect_for_ms = 0;       // give up after this long without a coordinator; 0: never
  DurationMs drain_deadline_ms = 60'000;
  // With less free on the disk of `directory` it takes no new tasks; see disk_watch.h.
  std::optional<std::uint64_t> spill_reserve_bytes;
  // Most private memory of each runner; zero: no limit. Without it the job's --memory decides.
  std::optional<std::uint64_t> runner_memory_bytes;
  std::string runner_binary;  // default /proc/self/exe
};

class Worker {
 public:
  static absl::StatusOr<std::unique_ptr<Worker>> Start(const WorkerOptions& options);
  virtual ~Worker() = default;
  // Blocks until the worker ended: drained, shut down, or refused by or without its coordinator
  // for too long (then a status with the sentence).
  virtual absl::Status Wait() = 0;
  // Finish what runs, keep serving map output until it is no longer needed or the deadline, leave.
  // Async-signal-unsafe; callable from any thread. A second call shuts down at once.
  virtual void Drain() = 0;
};

// The main function of `gristmill runner`, the child process that runs user code. Returns the
// exit code. Reads GRISTMILL_RUNNER_SOCKET and GRISTMILL_RUNNER_TOKEN from the environment.
int RunnerMain();

// CPU quota of the cgroup (v1 or v2) rounded up, else the CPUs this process may run on; at least 1.
std::uint32_t AvailableCpus();

// In bytes: the limit of the cgroup (v1 or v2), else what is installed.
std::uint64_t AvailableMemory();

}  // namespace gristmill::worker
