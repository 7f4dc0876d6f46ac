// Cutting text into words, 64 bytes at a time.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "gristmill/over_read.h"

namespace gristmill {

struct ByteRange {
  unsigned char first, last;
};

// The bytes of some ranges, or all others.
template <std::size_t kRanges>
struct ByteSet {
  ByteRange ranges[kRanges];
  bool all_others = false;

  constexpr bool Contains(unsigned char byte) const {
    bool in_range = false;
    for (const ByteRange& range : ranges) {
      in_range |= range.first <= byte && byte <= range.last;
    }
    return in_range != all_others;
  }
};

inline constexpr ByteSet<2> kAllButSpace{{{' ', ' '}, {'\t', '\r'}}, true};
inline constexpr ByteSet<2> kLetters{{{'A', 'Z'}, {'a', 'z'}}};

namespace internal {

inline constexpr std::size_t kMaskBytes = 64;

// Bit i of a mask says whether byte i is in the set.
template <std::size_t kRanges>
std::uint64_t PlainByteMask(const ByteSet<kRanges>& set, const char* p, std::size_t bytes) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    mask |= std::uint64_t{set.Contains(static_cast<unsigned char>(p[i]))} << i;
  }
  return mask;
}

template <std::size_t kRanges>
class ByteMasker {
 public:
  explicit ByteMasker(const ByteSet<kRanges>& set) : set_(set) {}

  // Of the `bytes` bytes at `p`, at most 64; further bits are zero.
  std::uint64_t Mask(const char* p, std::size_t bytes) const {
    if (bytes == kMaskBytes) return Mask64(p);
    if (bytes == 0) return 0;
    const std::uint64_t wanted = (std::uint64_t{1} << bytes) - 1;
    if (MayOverRead<kMaskBytes>(p)) [[likely]]
      return Mask64(Unbounded(p)) & wanted;
    char copy[kMaskBytes] = {};
    std::memcpy(copy, p, bytes);
    return Mask64(copy) & wanted;
  }

 private:
  std::uint64_t Mask64(const char* p) const {
#if defined(__SSE2__)
    std::uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) mask |= Mask16(p + 16 * i) << (16 * i);
    return set_.all_others ? ~mask : mask;
#else
    return PlainByteMask(set_, p, kMaskBytes);
#endif
  }

#if defined(__SSE2__)
  // Of the ranges' bytes.
  std::uint64_t Mask16(const char* p) const {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    __m128i found = _mm_setzero_si128();
    for (const ByteRange& range : set_.ranges) {
      const __m128i first = _mm_set1_epi8(static_cast<char>(range.first));
      const __m128i length = _mm_set1_epi8(static_cast<char>(range.last - range.first));
      const __m128i from_first = _mm_sub_epi8(bytes, first);
      found = _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(from_first, length), from_first));
    }
    return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
  }
#endif

  const ByteSet<kRanges> set_;
};

// Calls `take` for the words that end in the 64 bytes at `p`, whose mask is `mask`. `open` is where
// a word begins that is not at its end at `p`, or null; so is the result, at p + 64.
template <typename Take>
inline const char* TakeWords(std::uint64_t mask, const char* p, const char* open, Take& take) {
  const std::uint64_t behind = mask << 1 | std::uint64_t{open != nullptr};
  std::uint64_t begins = mask & ~behind;
  std::uint64_t ends = behind & ~mask;
  const auto next_begin = [&begins, p] {
    const char* const begin = p + std::countr_zero(begins | std::uint64_t{1} << 63);
    begins &= begins - 1;
    return begin;
  };
  if (open == nullptr) open = next_begin();
  for (; ends != 0; ends &= ends - 1) {
    const char* const end = p + std::countr_zero(ends);
    take(std::string_view(open, static_cast<std::size_t>(end - open)));
    open = next_begin();
  }
  return mask >> 63 != 0 ? open : nullptr;
}

}  // namespace internal

// Calls `take(word)` for every maximal run of bytes of `word_bytes` in `text`, from left to right.
// A word is a view into `text`.
template <std::size_t kRanges, typename Take>
void ForEachWord(std::string_view text, const ByteSet<kRanges>& word_bytes, Take&& take) {
  const internal::ByteMasker<kRanges> masker(word_bytes);
  const char* open = nullptr;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end || open != nullptr) {
    const auto bytes = std::min(static_cast<std::size_t>(end - p), internal::kMaskBytes);
    const std::uint64_t mask = masker.Mask(p, bytes);
    open = internal::TakeWords(mask, p, open, take);
    p += bytes;
  }
}

// Makes the ASCII letters A-Z of `text` small.
inline void LowerAscii(std::string_view text, char* out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    out[i] = static_cast<char>(byte | (static_cast<unsigned char>(byte - 'A') < 26 ? 0x20 : 0));
  }
}

}  // namespace gristmill
