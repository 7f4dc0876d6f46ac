// Cutting a line into words: what wordcount and invertedindex mean by a word.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace gristmill::jobs {

// For each byte, whether it belongs to a word.
using ByteSet = std::array<bool, 256>;

constexpr bool IsAsciiSpace(int byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
constexpr bool IsAsciiLetter(int byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

template <class Predicate>
constexpr ByteSet MakeByteSet(Predicate contains) {
  ByteSet set{};
  for (int byte = 0; byte < 256; ++byte) set[static_cast<std::size_t>(byte)] = contains(byte);
  return set;
}

inline constexpr ByteSet kAllButSpace = MakeByteSet([](int byte) { return !IsAsciiSpace(byte); });
inline constexpr ByteSet kLetters = MakeByteSet(IsAsciiLetter);

// Calls `take(word)` for every maximal run of bytes of `word_bytes` in `line`, from left to right.
// A word is a view into `line`.
template <class Take>
inline void ForEachWord(std::string_view line, const ByteSet& word_bytes, Take&& take) {
  const auto in_word = [&](const char* p) { return word_bytes[static_cast<unsigned char>(*p)]; };
  const char* p = line.data();
  const char* const end = p + line.size();
  while (true) {
    while (p != end && !in_word(p)) ++p;
    if (p == end) return;
    const char* const begin = p;
    do ++p;
    while (p != end && in_word(p));
    take(std::string_view(begin, static_cast<std::size_t>(p - begin)));
  }
}

}  // namespace gristmill::jobs
