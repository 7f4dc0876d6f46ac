// Under which host name or address others reach this worker.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace gristmill::worker {

// The address of this host that packets to `coordinator` (host:port) leave from: 127.0.0.1 or ::1
// if that is on loopback. Nothing is sent. May ask the resolver.
absl::StatusOr<std::string> AddressTowards(const std::string& coordinator);

// "host:port", with brackets around an IPv6 address.
std::string JoinHostPort(const std::string& host, int port);

}  // namespace gristmill::worker
