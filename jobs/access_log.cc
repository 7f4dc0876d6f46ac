#include "jobs/access_log.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>

namespace gristmill::jobs {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

class FieldReader {
 public:
  explicit FieldReader(std::string_view line) : rest_(line) {}

  // Up to the next blank.
  std::string_view Word() { return Until(' '); }
  // What stands between these two; nothing if the first is not next.
  std::optional<std::string_view> Between(char open, char close) {
    if (!rest_.starts_with(open)) return std::nullopt;
    rest_.remove_prefix(1);
    if (rest_.find(close) == rest_.npos) return std::nullopt;
    const std::string_view field = Until(close);
    if (rest_.starts_with(' ')) rest_.remove_prefix(1);
    return field;
  }

 private:
  std::string_view Until(char end) {
    const std::string_view field = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(std::min(field.size() + 1, rest_.size()));
    return field;
  }

  std::string_view rest_;
};

// A quotation mark within the request is escaped by a backslash.
std::optional<std::string_view> QuotedEnd(std::string_view line, std::size_t begin) {
  for (std::size_t i = begin; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      return line.substr(begin, i - begin);
    }
  }
  return std::nullopt;
}

void SetRequest(std::string_view request, AccessLogLine* parsed) {
  parsed->path = request;
  const std::size_t first = request.find(' '), last = request.rfind(' ');
  if (first == request.npos || first == last) return;
  parsed->method = request.substr(0, first);
  const std::string_view target = request.substr(first + 1, last - first - 1);
  parsed->path = target.substr(0, target.find('?'));
}

bool IsStatus(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A number of so many digits, or -1.
int Digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = -1;
  const std::string_view digits = text.substr(at, count);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, number);
  const bool all = error == std::errc() && end == digits.data() + count && digits[0] != '-';
  return all ? number : -1;
}

}  // namespace

std::optional<AccessLogLine> ParseAccessLogLine(std::string_view line) {
  AccessLogLine parsed;
  FieldReader head(line);
  parsed.host = head.Word();
  head.Word();
  head.Word();
  const auto time = head.Between('[', ']');
  if (parsed.host.empty() || !time) return std::nullopt;
  parsed.time = *time;
  const std::size_t quote = line.find('"');
  if (quote == line.npos) return std::nullopt;
  const auto request = QuotedEnd(line, quote + 1);
  if (!request) return std::nullopt;
  SetRequest(*request, &parsed);
  std::string_view tail = line.substr(quote + request->size() + 2);
  if (!tail.starts_with(' ')) return std::nullopt;
  FieldReader fields(tail.substr(1));
  parsed.status = fields.Word();
  parsed.bytes = fields.Word();
  if (!IsStatus(parsed.status) || parsed.bytes.empty()) return std::nullopt;
  parsed.last = tail.substr(tail.rfind(' ') + 1);
  return parsed;
}

std::optional<std::int64_t> ParseAccessLogTime(std::string_view text) {
  constexpr std::string_view kPattern = "00/Mon/0000:00:00:00 +0000";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != kPattern.size()) return std::nullopt;
  for (const std::size_t at : {2, 6, 11, 14, 17, 20}) {
    if (text[at] != kPattern[at]) return std::nullopt;
  }
  const std::size_t month = kMonths.find(text.substr(3, 3));
  const int day = Digits(text, 0, 2), year = Digits(text, 7, 4), hour = Digits(text, 12, 2),
            minute = Digits(text, 15, 2), second = Digits(text, 18, 2),
            zone_hours = Digits(text, 22, 2), zone_minutes = Digits(text, 24, 2);
  const bool valid = month % 3 == 0 && year >= 0 && hour >= 0 && hour < 24 && minute >= 0 &&
                     minute < 60 && second >= 0 && second <= 60 && zone_hours >= 0 &&
                     zone_minutes >= 0 && (text[21] == '+' || text[21] == '-');
  if (!valid) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int east = (zone_hours * 60 + zone_minutes) * (text[21] == '+' ? 1 : -1);
  return ((days * 24 + hour) * 60 + minute - east) * 60 + second;
}

std::string FormatTime(std::int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  const int bytes =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", int{date.year()},
                    unsigned{date.month()}, unsigned{date.day()}, int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()));
  return {text, static_cast<std::size_t>(bytes)};
}

std::optional<std::uint64_t> ParseMillionths(std::string_view text) {
  if (text == "-") return 0;
  std::uint64_t whole = 0;
  const char* const end = text.data() + text.size();
  const auto [point, error] = std::from_chars(text.data(), end, whole);
  if (error != std::errc()) return std::nullopt;
  std::uint64_t fraction = 0, place = kMillion / 10;
  if (point != end) {
    if (*point != '.' || point + 1 == end) return std::nullopt;
    for (const char* digit = point + 1; digit != end; ++digit) {
      if (*digit < '0' || *digit > '9') return std::nullopt;
      fraction += static_cast<std::uint64_t>(*digit - '0') * place;
      place /= 10;
    }
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  if (whole > kMost / kMillion - 1) return kMost;
  return whole * kMillion + fraction;
}

}  // namespace gristmill::jobs
