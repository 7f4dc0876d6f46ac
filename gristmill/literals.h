// Finding any of a few strings in text, 16 places at a time.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gristmill {

// Strings that are sought at once. ASCII letters of the text count as small ones. Not to be empty.
class LiteralSet {
 public:
  // None may be empty or hold a capital ASCII letter.
  explicit LiteralSet(std::vector<std::string> literals) : literals_(std::move(literals)) {
    for (const std::string& literal : literals_) longest_ = std::max(longest_, literal.size());
  }

  // Where the first of them begins at `from` or later; text.size() if none does.
  std::size_t Find(std::string_view text, std::size_t from) const {
    std::size_t at = from;
#if defined(__SSE2__)
    constexpr std::size_t kPlaces = 16;
    for (; at + kPlaces - 1 + longest_ <= text.size(); at += kPlaces) {
      for (std::uint32_t places = PlacesAt(text.data() + at); places != 0; places &= places - 1) {
        const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(places));
        if (BeginsAt(text, place)) return place;
      }
    }
#endif
    while (at < text.size() && !BeginsAt(text, at)) ++at;
    return at;
  }

 private:
  static constexpr char kCaseBit = 0x20;

  static bool Same(char c, char literal) {
    return ('A' <= c && c <= 'Z' ? c | kCaseBit : c) == literal;
  }

  bool BeginsAt(std::string_view text, std::size_t at) const {
    const std::string_view rest = text.substr(at);
    return std::any_of(literals_.begin(), literals_.end(), [rest](const std::string& literal) {
      return literal.size() <= rest.size() &&
             std::equal(literal.begin(), literal.end(), rest.begin(),
                        [](char l, char c) { return Same(c, l); });
    });
  }

#if defined(__SSE2__)
  // Bit i: the first and the last byte of a literal are where they were if it began at p + i. The
  // bit that tells cases apart is ignored, also where it tells other characters apart.
  std::uint32_t PlacesAt(const char* p) const {
    const __m128i case_bits = _mm_set1_epi8(kCaseBit);
    const auto equal = [case_bits](const char* bytes, char c) {
      const __m128i loaded = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
      return _mm_cmpeq_epi8(_mm_or_si128(loaded, case_bits),
                            _mm_set1_epi8(static_cast<char>(c | kCaseBit)));
    };
    __m128i found = _mm_setzero_si128();
    for (const std::string& literal : literals_) {
      found = _mm_or_si128(found, _mm_and_si128(equal(p, literal.front()),
                                                equal(p + literal.size() - 1, literal.back())));
    }
    return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
  }
#endif

  const std::vector<std::string> literals_;
  std::size_t longest_ = 0;
};

}  // namespace gristmill
