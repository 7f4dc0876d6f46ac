// Where the coordinator listens.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace gristmill::coordinator {

// Why gRPC could not listen on "host:port", which it does not tell: asks the system itself.
absl::Status DiagnoseListen(const std::string& address);

}  // namespace gristmill::coordinator
