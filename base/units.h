// Numbers, sizes and durations as people write them: "1,234", "64MiB", "1.5s".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/instant.h"

namespace gristmill {

// "512", "64K", "64KB" and "64KiB" (all 1024), also M, G, T, any case. An error is a sentence.
absl::StatusOr<std::uint64_t> ParseBytes(std::string_view text);

// "250ms", "10s", "5m", "2h"; a bare number is seconds.
absl::StatusOr<DurationMs> ParseDuration(std::string_view text);

// "1.5 GiB", "312 B".
std::string FormatBytes(std::uint64_t bytes);

// "850 ms", "12.3 s", "4 min 05 s", "2 h 07 min".
std::string FormatDuration(DurationMs ms);

// 1234567 as "1,234,567".
std::string GroupDigits(std::uint64_t number);

// "1 file", "4 files".
std::string CountOf(std::uint64_t number, std::string_view noun);

}  // namespace gristmill
