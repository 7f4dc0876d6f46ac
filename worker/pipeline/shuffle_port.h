// The one port through which the data path sees other hosts: the bytes of one remote run.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/ids.h"

namespace gristmill::worker {

// One map attempt's output and where it lies.
struct MapOutput {
  TaskRef task;
  AttemptId attempt;
  std::string address;          // of the shuffle service that serves it; empty in embedded runs
  std::string spill_directory;  // tried first: a reader on the same host opens the file itself
};

// Thread-safe.
class ShufflePort {
 public:
  virtual ~ShufflePort() = default;
  // Copies the whole segment of `partition` into the local file `path` (run-file format, one
  // partition), with a deadline on every wait, retrying what may pass. NotFound, DataLoss,
  // Unavailable or DeadlineExceeded once it gave up: the caller reports the output as lost. Any
  // other error is this host's own, such as that of writing `path`. Gives up with Cancelled within
  // a tenth of a second once `cancelled` is set.
  virtual absl::Status FetchToFile(const MapOutput& output, std::uint32_t partition,
                                   const std::string& path, const std::atomic<bool>& cancelled) = 0;
};

}  // namespace gristmill::worker
