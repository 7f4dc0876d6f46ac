#include "base/units.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "base/status.h"

namespace gristmill {
namespace {

// Splits "1.5s" into 1.5 and "s" (lower case).
bool SplitNumber(std::string_view text, double* number, std::string* unit) {
  std::string digits(text);
  absl::StripAsciiWhitespace(&digits);
  const std::size_t end = std::min(digits.find_first_not_of("0123456789."), digits.size());
  *unit = digits.substr(end);
  digits.resize(end);
  absl::StripAsciiWhitespace(unit);
  absl::AsciiStrToLower(unit);
  return absl::SimpleAtod(digits, number) && std::isfinite(*number);
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseBytes(std::string_view text) {
  const auto refuse = [&] {
    return InvalidArgument("'{}' is not a size; write bytes or a unit, such as 64MiB or 2G", text);
  };
  double number = 0;
  std::string unit;
  if (!SplitNumber(text, &number, &unit)) return refuse();
  constexpr std::string_view kUnits = "kmgt";
  if (!unit.empty() && unit != "b") {
    const std::size_t power = kUnits.find(unit[0]);
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
      return refuse();
    }
    number *= std::pow(1024.0, static_cast<double>(power + 1));
  }
  if (number >= 9.2e18) return refuse();
  return static_cast<std::uint64_t>(number);
}

absl::StatusOr<DurationMs> ParseDuration(std::string_view text) {
  double number = 0;
  std::string unit;
  double scale = 0;
  if (SplitNumber(text, &number, &unit)) {
    if (unit == "ms") scale = 1;
    if (unit.empty() || unit == "s") scale = 1000;
    if (unit == "m" || unit == "min") scale = 60'000;
    if (unit == "h") scale = 3'600'000;
  }
  if (scale == 0 || number * scale > 1e15) {
    return InvalidArgument(
        "'{}' is not a duration; write a number and a unit, such as 500ms, 10s or 5m", text);
  }
  return static_cast<DurationMs>(number * scale);
}

std::string FormatBytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::string_view unit = "";
  for (std::string_view next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return value < 10 ? fmt::format("{:.1f} {}", value, unit) : fmt::format("{:.0f} {}", value, unit);
}

std::string FormatDuration(DurationMs ms) {
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const std::int64_t seconds = ms / 1000;
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string GroupDigits(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string CountOf(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", GroupDigits(number), noun, number == 1 ? "" : "s");
}

}  // namespace gristmill
