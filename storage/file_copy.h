// A copy of a file that shares nothing with it that a writer could change.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace gristmill {

// Makes `to`, which must not exist, with these permissions. Where the file system can, both share
// their blocks until one of them is written to. What could not be copied whole is removed.
absl::Status CopyFile(const std::string& from, const std::string& to, mode_t mode);

}  // namespace gristmill
