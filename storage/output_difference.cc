#include "storage/output_difference.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "absl/strings/escaping.h"
#include "base/status.h"

namespace gristmill {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 16;
constexpr std::uint64_t kShownBefore = 60, kShownAfter = 60;

// All that is no directory, and directories without anything in them, relative to it and sorted.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> names;
  for (fs::recursive_directory_iterator entry(directory, error), end; entry != end && !error;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && !fs::is_empty(entry->path(), ignored)) continue;
    names.push_back(entry->path().lexically_relative(directory));
  }
  if (error) return NotFound("the output {} can't be read: {}", directory, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

// From the beginning of the line that holds `offset`, if that is near, to a little after it.
std::string TextAround(const std::string& path, std::uint64_t offset) {
  const std::uint64_t begin = offset - std::min(offset, kShownBefore);
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(begin));
  std::string bytes(static_cast<std::size_t>(offset - begin + kShownAfter), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  const auto at = std::min(static_cast<std::size_t>(offset - begin), bytes.size());
  const std::size_t line_end = bytes.find('\n', at);
  if (line_end != std::string::npos) bytes.resize(line_end);
  const std::size_t before = at == 0 ? std::string::npos : bytes.rfind('\n', at - 1);
  if (before != std::string::npos) bytes.erase(0, before + 1);
  return absl::Utf8SafeCEscape(bytes);
}

std::optional<OutputDifference> CompareFiles(const std::string& name, const std::string& expected,
                                             const std::string& actual) {
  std::ifstream expected_file(expected, std::ios::binary), actual_file(actual, std::ios::binary);
  std::array<char, kBlockBytes> expected_block, actual_block;
  OutputDifference difference{.file = name, .line = 1, .expected_text = {}, .actual_text = {}};
  while (true) {
    expected_file.read(expected_block.data(), kBlockBytes);
    actual_file.read(actual_block.data(), kBlockBytes);
    const std::streamsize want = expected_file.gcount(), have = actual_file.gcount();
    const auto both = std::min(want, have);
    const auto differs =
        std::mismatch(expected_block.begin(), expected_block.begin() + both, actual_block.begin());
    const auto same = differs.first - expected_block.begin();
    difference.offset += static_cast<std::uint64_t>(same);
    difference.line +=
        static_cast<std::uint64_t>(std::count(expected_block.begin(), differs.first, '\n'));
    if (same < both || want != have) break;
    if (want == 0) return std::nullopt;
  }
  difference.expected_text = TextAround(expected, difference.offset);
  difference.actual_text = TextAround(actual, difference.offset);
  return difference;
}

OutputDifference Missing(OutputDifference::Kind kind, const std::string& file) {
  return {.kind = kind, .file = file, .expected_text = {}, .actual_text = {}};
}

}  // namespace

absl::StatusOr<std::optional<OutputDifference>> FindDifference(const std::string& expected,
                                                               const std::string& actual) {
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> wanted, NamesIn(expected));
  GM_ASSIGN_OR_RETURN(const std::vector<std::string> there, NamesIn(actual));
  for (const std::string& name : there) {
    if (!std::binary_search(wanted.begin(), wanted.end(), name)) {
      return Missing(OutputDifference::Kind::kUnexpected, name);
    }
  }
  for (const std::string& name : wanted) {
    if (!std::binary_search(there.begin(), there.end(), name)) {
      return Missing(OutputDifference::Kind::kMissing, name);
    }
    auto difference = CompareFiles(name, expected + "/" + name, actual + "/" + name);
    if (difference) return difference;
  }
  return std::nullopt;
}

std::string DescribeDifference(const OutputDifference& difference, std::string_view expected) {
  switch (difference.kind) {
    case OutputDifference::Kind::kMissing:
      return fmt::format("{} of the output of {} is missing", difference.file, expected);
    case OutputDifference::Kind::kUnexpected:
      return fmt::format("{} is in the output, but not in that of {}", difference.file, expected);
    case OutputDifference::Kind::kBytes:
      break;
  }
  return fmt::format("{} differs from that of {} at byte {}", difference.file, expected,
                     difference.offset);
}

}  // namespace gristmill
