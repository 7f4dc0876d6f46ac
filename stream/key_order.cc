#include "stream/key_order.h"

#include <algorithm>
#include <cstdint>

namespace gristmill::stream {
namespace {

constexpr char kZero = '\x80';
constexpr unsigned char kPositive = 0x81;    // and the number of integer digits
constexpr unsigned char kManyDigits = 0xf1;  // four bytes follow that say how many
constexpr std::size_t kFewDigitsMax = kManyDigits - kPositive - 1;

std::string_view TakeDigits(std::string_view* text) {
  const std::size_t end = std::min(text->find_first_not_of("0123456789"), text->size());
  const std::string_view digits = text->substr(0, end);
  text->remove_prefix(end);
  return digits;
}

void Invert(std::string* out, std::size_t begin) {
  std::transform(out->begin() + static_cast<std::ptrdiff_t>(begin), out->end(),
                 out->begin() + static_cast<std::ptrdiff_t>(begin),
                 [](char c) { return static_cast<char>(~c); });
}

void AppendNumber(std::string_view text, std::string* out) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::string_view whole = TakeDigits(&text);
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = TakeDigits(&text);
    fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);  // npos + 1 is 0
  }
  if (whole.empty() && fraction.empty()) return out->push_back(kZero);
  const std::size_t begin = out->size();
  if (whole.size() <= kFewDigitsMax) {
    out->push_back(static_cast<char>(kPositive + whole.size()));
  } else {
    out->push_back(static_cast<char>(kManyDigits));
    for (int shift = 24; shift >= 0; shift -= 8) {
      out->push_back(static_cast<char>(whole.size() >> shift & 0xff));
    }
  }
  out->append(whole);
  out->append(fraction);
  out->push_back('\0');
  if (negative) Invert(out, begin);
}

void AppendText(std::string_view text, std::string* out) {
  for (;;) {
    const std::size_t zero = text.find('\0');
    out->append(text.substr(0, zero));
    if (zero == text.npos) break;
    out->append("\0\xff", 2);
    text.remove_prefix(zero + 1);
  }
  out->append("\0\1", 2);
}

}  // namespace

void AppendOrdered(std::string_view part, bool numeric, bool reverse, std::string* out) {
  const std::size_t begin = out->size();
  if (numeric) {
    AppendNumber(part, out);
  } else {
    AppendText(part, out);
  }
  if (reverse) Invert(out, begin);
}

}  // namespace gristmill::stream
