#include "stream/error_lines.h"

#include <charconv>
#include <utility>

#include "gristmill/task.h"

namespace gristmill::stream {
namespace {

constexpr std::string_view kCounter = "reporter:counter:";
constexpr std::string_view kStatus = "reporter:status:";
constexpr std::size_t kStatusBytesMax = 256;
constexpr std::size_t kNameShownMax = 256;

// The part of `text` before the last comma, which it loses; false if it has none.
bool TakeLastPart(std::string_view* text, std::string_view* part) {
  const std::size_t comma = text->rfind(',');
  if (comma == text->npos) return false;
  *part = text->substr(comma + 1);
  *text = text->substr(0, comma);
  return true;
}

}  // namespace

void ErrorLines::Add(std::string_view bytes) {
  const auto take = [this](std::string_view line) { TakeLine(line); };
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kLineBytesMax);
    bytes.remove_prefix(piece.size());
    lines_.Add(piece, take);
    if (lines_.begun_bytes() >= kLineBytesMax) lines_.End(take);
  }
  FlushText();
}

void ErrorLines::End() {
  lines_.End([this](std::string_view line) { TakeLine(line); });
  FlushText();
}

void ErrorLines::FlushText() {
  if (!text_.empty()) log_(text_);
  text_.clear();
}

void ErrorLines::TakeLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with(kStatus)) {
    status_ = line.substr(kStatus.size(), kStatusBytesMax);
    has_new_status_ = true;
    return;
  }
  const bool counts = line.starts_with(kCounter);
  if (counts && TakeCounter(line)) return;
  if (counts && !std::exchange(explained_, true)) ExplainCounter(line);
  text_ += line;
  text_ += '\n';
  KeepTail(line);
}

// A name may hold commas, a group may not.
bool ErrorLines::TakeCounter(std::string_view line) {
  std::string_view rest = line.substr(kCounter.size());
  std::string_view number;
  if (!TakeLastPart(&rest, &number)) return false;
  const std::size_t comma = rest.find(',');
  if (comma == rest.npos) return false;
  while (number.starts_with(' ')) number.remove_prefix(1);
  while (number.ends_with(' ')) number.remove_suffix(1);
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), n);
  if (error != std::errc() || end != number.data() + number.size()) return false;
  counters_[std::string(rest.substr(0, comma)) + "." + std::string(rest.substr(comma + 1))] += n;
  if (counters_.size() > kCountersMax) {
    throw TaskError("a program counted under more than " + std::to_string(kCountersMax) +
                    " names, of which one is '" + std::string(rest.substr(0, kNameShownMax)) +
                    "'; count under fewer names");
  }
  return true;
}

// Not part of the tail, which has what the program wrote.
void ErrorLines::ExplainCounter(std::string_view line) {
  text_ += "gristmill: '" + std::string(line.substr(0, kNameShownMax)) +
           "' counts nothing; write " + std::string(kCounter) +
           "GROUP,NAME,N with a whole number of at least 0 that fits in 64 bits\n";
}

void ErrorLines::KeepTail(std::string_view line) {
  tail_.emplace_back(line.substr(0, kTailBytesMax));
  tail_bytes_ += tail_.back().size();
  while (tail_.size() > kTailLinesMax || (tail_bytes_ > kTailBytesMax && tail_.size() > 1)) {
    tail_bytes_ -= tail_.front().size();
    tail_.pop_front();
  }
}

std::string ErrorLines::Tail() const {
  std::string text;
  for (const std::string& line : tail_) text += "\n  " + line;
  return text;
}

}  // namespace gristmill::stream
