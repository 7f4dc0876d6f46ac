// gRPC's status as the project has it: the codes are the same numbers.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace gristmill {

absl::Status FromGrpc(const grpc::Status& status);

}  // namespace gristmill
