#include "chaos/output_comparison.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "base/status.h"

namespace gristmill::chaos {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 16;

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error) return NotFound("the output {} can't be read: {}", directory, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status CompareFiles(const std::string& name, const std::string& expected,
                          const std::string& actual) {
  std::ifstream expected_file(expected, std::ios::binary), actual_file(actual, std::ios::binary);
  std::array<char, kBlockBytes> expected_block, actual_block;
  for (std::uint64_t offset = 0;;) {
    expected_file.read(expected_block.data(), kBlockBytes);
    actual_file.read(actual_block.data(), kBlockBytes);
    const std::streamsize want = expected_file.gcount(), have = actual_file.gcount();
    const auto both = std::min(want, have);
    const auto differs =
        std::mismatch(expected_block.begin(), expected_block.begin() + both, actual_block.begin());
    const auto same = differs.first - expected_block.begin();
    if (same < both || want != have) {
      return DataLoss("{} differs from that of the sequential run at byte {}", name,
                      offset + static_cast<std::uint64_t>(same));
    }
    if (want == 0) return absl::OkStatus();
    offset += static_cast<std::uint64_t>(want);
  }
}

}  // namespace

absl::Status CompareOutputs(const std::string& expected, const std::string& actual) {
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> wanted, NamesIn(expected));
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> there, NamesIn(actual));
  for (const std::string& name : there) {
    if (!std::binary_search(wanted.begin(), wanted.end(), name)) {
      return DataLoss("{} is in the output, but not in that of the sequential run", name);
    }
  }
  for (const std::string& name : wanted) {
    if (!std::binary_search(there.begin(), there.end(), name)) {
      return DataLoss("{} of the sequential run's output is missing", name);
    }
    GM_RETURN_IF_ERROR(CompareFiles(name, expected + "/" + name, actual + "/" + name));
  }
  return absl::OkStatus();
}

}  // namespace gristmill::chaos
