#include "cli/many_splits.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "storage/input_files.h"

namespace gristmill::cli {
namespace {

constexpr std::uint64_t kSplits = 64;
constexpr std::uint64_t kSplitBytesMin = 16 << 10;

}  // namespace

absl::Status AskForManySplits(v1::JobRequest* request) {
  if (request->split_bytes() > 0 || request->inputs().empty()) return absl::OkStatus();
  GM_ASSIGN_OR_RETURN(const std::vector<v1::InputFile> files,
                      FindInputFiles({request->inputs().begin(), request->inputs().end()}));
  std::uint64_t bytes = 0;
  for (const v1::InputFile& file : files) bytes += file.bytes();
  request->set_split_bytes(std::max(bytes / kSplits + 1, kSplitBytesMin));
  return absl::OkStatus();
}

}  // namespace gristmill::cli
