#include "jobs/access_log.h"

#include <algorithm>
#include <charconv>
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

}  // namespace

std::optional<AccessLogLine> ParseAccessLogLine(std::string_view line) {
  AccessLogLine parsed;
  FieldReader head(line);
  parsed.host = head.Word();
  head.Word();
  head.Word();
  if (parsed.host.empty() || !head.Between('[', ']')) return std::nullopt;
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
