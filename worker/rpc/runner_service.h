// The worker's end of its runners' streams, on a unix socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gristmill/v1/runner_service.pb.h"
#include "worker/core/input.h"

namespace gristmill::worker {

// Thread-safe.
class RunnerService {
 public:
  // Called on gRPC's threads; must not block. A runner's next message comes only after ReadNext.
  struct Events {
    std::function<void(RunnerId)> connected;
    std::function<void(RunnerId, v1::RunnerMessage)> message;
    std::function<void(RunnerId)> detached;  // the stream of a connected runner ended
  };
  // Listens on `address` ("unix:PATH" or "unix-abstract:NAME").
  static absl::StatusOr<std::unique_ptr<RunnerService>> Start(const std::string& address,
                                                              Events events);
  // Ends all streams; runners exit then.
  virtual ~RunnerService() = default;

  // The one stream that says hello with `token` is this runner's.
  virtual void Expect(RunnerId runner, const std::string& token) = 0;
  // In order. A runner that takes nothing while thousands of messages wait is detached.
  virtual void Send(RunnerId runner, v1::RunnerCommand command) = 0;
  virtual void ReadNext(RunnerId runner) = 0;
  // The runner is gone: its token and stream are, too.
  virtual void Forget(RunnerId runner) = 0;
};

}  // namespace gristmill::worker
