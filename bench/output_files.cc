#include "bench/output_files.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/status.h"

namespace gristmill::bench {

absl::Status MakeOutputDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return PermissionDenied("can't make {}: {}; pass another directory with --output", path,
                          error.message());
}

absl::Status WriteOutputFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return absl::OkStatus();
  return PermissionDenied("can't write {}; pass another directory with --output", path);
}

}  // namespace gristmill::bench
