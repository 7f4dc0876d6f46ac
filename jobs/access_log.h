// Lines of web servers' access logs in the Common or Combined Log Format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gristmill::jobs {

// Parts of the line it was parsed from.
struct AccessLogLine {
  std::string_view host;
  std::string_view time;    // what stands in brackets
  std::string_view method;  // empty where the request is no "METHOD PATH PROTOCOL"
  std::string_view path;    // without what follows a '?'; then the whole request
  std::string_view status;
  std::string_view bytes;  // "-" for none
  std::string_view last;   // the last field of the line
};

// HOST IDENTITY USER [TIME] "REQUEST" STATUS BYTES, and whatever follows. Nothing if it is none.
std::optional<AccessLogLine> ParseAccessLogLine(std::string_view line);

// "10/Oct/2000:13:55:36 -0700" as seconds since 1970 in UTC.
std::optional<std::int64_t> ParseAccessLogTime(std::string_view text);
// "2000-10-10T20:55:36Z"
std::string FormatTime(std::int64_t seconds);

// A decimal number, not negative, in millionths, rounded down; at most what 64 bits hold. "-" is
// zero.
std::optional<std::uint64_t> ParseMillionths(std::string_view text);

}  // namespace gristmill::jobs
