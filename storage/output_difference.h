// Where two output directories first differ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gristmill {

struct OutputDifference {
  enum class Kind : std::uint8_t { kMissing, kUnexpected, kBytes };
  Kind kind = Kind::kBytes;
  std::string file;          // below the directories
  std::uint64_t offset = 0;  // kBytes: of the first byte that differs, or at which one file ends
  std::uint64_t line = 0;    // kBytes: the line it is on, from 1
  // kBytes: from the beginning of that line or a little before the byte, some bytes of both. What
  // is not printable is escaped as in C.
  std::string expected_text, actual_text;
};

// Compares all files, hidden ones included, by name and byte. NotFound if a directory can't be
// read.
absl::StatusOr<std::optional<OutputDifference>> FindDifference(const std::string& expected,
                                                               const std::string& actual);

// "part-0 differs from that of the sequential run at byte 70001", where `expected` is "the
// sequential run".
std::string DescribeDifference(const OutputDifference& difference, std::string_view expected);

}  // namespace gristmill
