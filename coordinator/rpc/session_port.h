// A worker's session as the shell sees it.
#pragma once

#include "absl/status/status.h"
#include "gristmill/v1/worker_service.pb.h"

namespace gristmill::coordinator {

// Thread-safe; no call blocks. Calls on a session that has ended do nothing.
class SessionPort {
 public:
  virtual ~SessionPort() = default;
  // In order. A session whose worker does not take its messages ends.
  virtual void Send(v1::CoordinatorMessage message) = 0;
  // The worker's message was handled: the next one may come in.
  virtual void ReadNext() = 0;
  // Ends the stream once what was sent is out; the worker sees `status`.
  virtual void Close(const absl::Status& status) = 0;
};

}  // namespace gristmill::coordinator
