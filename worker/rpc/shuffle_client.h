// Fetches map output of other hosts.
#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/pipeline/shuffle_port.h"

namespace gristmill::worker {

struct ShuffleClientOptions {
  absl::Duration read_deadline = absl::Seconds(30);  // for each message
  absl::Duration retry_for = absl::Seconds(10);      // since it can't be reached or stalls
  absl::Duration retry_busy_for = absl::Minutes(5);  // since it says that it is too busy: it lives
};

// What makes trying a fetch again worth it.
enum class Retry : std::uint8_t { kNever, kUnreachable, kBusy };

class ShuffleClient : public ShufflePort {
 public:
  explicit ShuffleClient(ShuffleClientOptions options = {}) : options_(options) {}

  // Blocks. Tries again while the peer is unreachable, too busy or stalls; what the peer does not
  // hold (NotFound) or holds damaged (DataLoss) is given up at once. Errors of writing `path` come
  // back as they are.
  absl::Status FetchToFile(const MapOutput& output, std::uint32_t partition,
                           const std::string& path, const std::atomic<bool>& cancelled) override;

 private:
  absl::Status FetchOnce(const MapOutput& output, std::uint32_t partition, const std::string& path,
                         const std::atomic<bool>& cancelled, Retry* retry);
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address);

  const ShuffleClientOptions options_;
  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gristmill::worker
