#include "base/readable_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace gristmill {

std::size_t CharacterBytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0x80    ? 1
                            : first < 0xC2  ? 0
                            : first < 0xE0  ? 2
                            : first < 0xF0  ? 3
                            : first <= 0xF4 ? 4
                                            : 0;
  if (bytes > text.size()) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  const auto second = bytes > 1 ? static_cast<unsigned char>(text[1]) : 0x80;
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return overlong || beyond ? 0 : bytes;
}

std::string ReadableText(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = CharacterBytes(bytes);
    text += length == 0 ? std::string_view("?") : bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

std::string ShortenedText(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string Quoted(std::string_view bytes, bool cut) {
  std::string text = "\"";
  while (!bytes.empty()) {
    const std::size_t length = CharacterBytes(bytes);
    const char c = bytes.front();
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (length == 0 || (length == 1 && (c < ' ' || c == 0x7f))) {
      // The first part of a character that the end cuts is no reader's concern.
      const bool cut_off = cut && static_cast<unsigned char>(c) >= 0xC2 && bytes.size() < 4;
      if (cut_off) break;
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text + (cut ? "…\"" : "\"");
}

}  // namespace gristmill
