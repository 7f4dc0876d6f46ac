// Where `gristmill bench` puts tables and charts: --output.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace gristmill::bench {

// Both PermissionDenied, with the advice to pass another --output.
absl::Status MakeOutputDirectory(const std::string& path);
absl::Status WriteOutputFile(const std::string& path, const std::string& text);

}  // namespace gristmill::bench
