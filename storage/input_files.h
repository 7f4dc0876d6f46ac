// Finds the files that the user named.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill {

// More than any plan can hold; few enough to be listed.
inline constexpr std::size_t kInputFilesMax = 1'000'000;

// Expands files, directories (all regular files below, hidden and _-prefixed names left out) and
// globs into readable regular files with their sizes, in the order of the arguments, sorted by
// path within each, each file once. Compression is told by the first bytes (gzip, zstd), not by
// the name. NotFound or PermissionDenied with one sentence naming the argument; a glob or
// directory that yields no file is NotFound. Empty files are kept out of the list. InvalidArgument
// as soon as an argument names more than `files_max`, or all together do.
absl::StatusOr<std::vector<v1::InputFile>> FindInputFiles(const std::vector<std::string>& inputs,
                                                          std::size_t files_max = kInputFilesMax);

}  // namespace gristmill
