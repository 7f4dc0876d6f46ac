// The project's status as gRPC sends it: the codes are the same numbers.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace gristmill::coordinator {

// The sentence travels in a header, which gRPC bounds: a longer one is cut.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace gristmill::coordinator
