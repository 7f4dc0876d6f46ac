// The worker's session with its coordinator: one stream, dialled again whenever it breaks.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/instant.h"
#include "gristmill/v1/worker_service.pb.h"

namespace gristmill::worker {

struct SessionOptions {
  std::string coordinator;          // host:port
  DurationMs reconnect_for_ms = 0;  // give up after this long without a coordinator; 0: never
  absl::Duration backoff_first = absl::Milliseconds(100);
  absl::Duration backoff_most = absl::Seconds(5);
};

// Thread-safe.
class SessionClient {
 public:
  // Called one at a time on threads of the client; must not block.
  struct Events {
    // A stream is open: Register is to be sent. What is sent before it is dropped, because it was
    // meant for the stream before.
    std::function<void()> opened;
    // The next one comes only after ReadNext.
    std::function<void(v1::CoordinatorMessage)> message;
    // The stream ended; another one is opened after a while.
    std::function<void(absl::Status)> broken;
    // No other one will be opened: refused, or nobody answered for too long. A sentence.
    std::function<void(absl::Status)> lost;
  };
  static std::unique_ptr<SessionClient> Start(SessionOptions options, Events events);
  // Breaks the stream; no event comes any more once it returned.
  virtual ~SessionClient() = default;

  virtual void Send(v1::WorkerMessage message) = 0;
  virtual void ReadNext() = 0;
  // Breaks the stream, if one is open.
  virtual void Reset() = 0;
  // The last call: delivers what was sent, closes this side and waits for the coordinator to close
  // the other, at most as long as told. No stream is opened any more.
  virtual void Finish(absl::Duration timeout) = 0;
};

}  // namespace gristmill::worker
