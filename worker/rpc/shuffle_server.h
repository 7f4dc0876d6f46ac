// Serves the map output in this worker's spill directory to the runners of other hosts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace gristmill::worker {

class ShuffleServer {
 public:
  // Listens on `listen` (host:port; port 0 picks a free one). One sentence if it can't.
  static absl::StatusOr<std::unique_ptr<ShuffleServer>> Start(const std::string& listen,
                                                              const std::string& spill_directory);
  // Ends what is being served; blocks for at most about a second.
  virtual ~ShuffleServer() = default;
  virtual int port() const = 0;
};

}  // namespace gristmill::worker
