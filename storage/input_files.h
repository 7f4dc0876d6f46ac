// Finds the files that the user named.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill {

// Expands files, directories (all regular files below, hidden and _-prefixed names left out) and
// globs into readable regular files with their sizes, in the order of the arguments, sorted by
// path within each, each file once. Compression is told by the first bytes (gzip, zstd), not by
// the name. NotFound or PermissionDenied with one sentence naming the argument; a glob or
// directory that yields no file is NotFound. Empty files are kept out of the list.
absl::StatusOr<std::vector<v1::InputFile>> FindInputFiles(const std::vector<std::string>& inputs);

}  // namespace gristmill
