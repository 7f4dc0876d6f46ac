// Serves the map output in this worker's spill directory to the runners of other hosts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace gristmill::worker {

// Each holds an open file and one message.
inline constexpr int kFetchesMax = 1'024;
// Whether what a reader takes compressed is sent so.
enum class ShuffleCompression : std::uint8_t { kWherePays, kAlways, kNever };
// That many, or fewer where a process may open few files.
int FetchesMaxFor(std::uint64_t open_files_max);

class ShuffleServer {
 public:
  // Listens on `listen` (host:port; port 0 picks a free one). One sentence if it can't. Of fetches
  // beyond `fetches_max` at once the peers are told to try again.
  static absl::StatusOr<std::unique_ptr<ShuffleServer>> Start(
      const std::string& listen, const std::string& spill_directory, int fetches_max = kFetchesMax,
      ShuffleCompression compression = ShuffleCompression::kWherePays);
  // Ends what is being served; blocks for at most about a second.
  virtual ~ShuffleServer() = default;
  virtual int port() const = 0;
};

}  // namespace gristmill::worker
