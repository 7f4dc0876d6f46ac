// The coordinator process: core, journal and gRPC services behind two calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/instant.h"

namespace gristmill::coordinator {

struct ServerOptions {
  std::string listen = "0.0.0.0:7070";  // port 0 picks a free one
  std::string journal_path;             // a SQLite file; made if absent
  DurationMs heartbeat_ms = 1'000;
  DurationMs lease_ms = 10'000;
  bool speculation = true;               // slow tasks are tried a second time elsewhere
  DurationMs quarantine_ms = 60'000;     // of workers that fail often, the first time; 0: never
  std::uint64_t keep_jobs = 10'000;      // of those that ended last; at least 1
  std::uint64_t keep_tasks = 2'000'000;  // of those jobs together
  std::uint64_t running_jobs = 64;       // at once; at least 1
  std::uint64_t queued_jobs = 1'000;     // that wait for others to end; more are refused
  std::uint64_t unfinished_tasks = 20'000'000;  // of those and of the running jobs together
  // Files that come with jobs, beside the journal: those of jobs that have not ended, and others
  // for a while.
  std::uint64_t file_bytes = std::uint64_t{16} << 30;
  // The journal is compacted when what was added to it outweighs its last compaction and this.
  std::uint64_t compact_bytes_min = std::uint64_t{16} << 20;
};

// Serves JobService, WorkerService, health and reflection until Shutdown.
class Server {
 public:
  // Recovers the journal and listens. One sentence if the port is in use or the journal is not
  // ours.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);
  virtual ~Server() = default;
  virtual int port() const = 0;
  // Ends streams and stops the shell; jobs go on when it is started again. Blocks, at most ~5 s.
  virtual void Shutdown() = 0;
};

}  // namespace gristmill::coordinator
