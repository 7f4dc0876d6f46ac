// Keys of 1 to 16 bytes as two words: loaded without branching on their length.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "gristmill/over_read.h"

namespace gristmill::internal {

inline constexpr std::size_t kShortKeyBytesMax = 16;

// The bytes in memory order, zeros behind them.
struct ShortKey {
  std::uint64_t words[2];
};

inline ShortKey LoadShortKeyExactly(std::string_view key) {
  ShortKey result{};
  std::memcpy(result.words, key.data(), key.size());
  return result;
}

// Requires 1 <= key.size() <= 16. Reads 16 bytes at once where it may and masks what is behind the
// key.
inline ShortKey LoadShortKey(std::string_view key) {
  alignas(32) static constexpr unsigned char kMask[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                          0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                          0xff, 0xff, 0xff, 0xff};
  if (!MayOverRead<kShortKeyBytesMax>(key.data())) [[unlikely]]
    return LoadShortKeyExactly(key);
  ShortKey result, mask;
  std::memcpy(result.words, Unbounded(key.data()), kShortKeyBytesMax);
  std::memcpy(mask.words, kMask + kShortKeyBytesMax - key.size(), kShortKeyBytesMax);
  result.words[0] &= mask.words[0];
  result.words[1] &= mask.words[1];
  return result;
}

// For tables in memory only: differs between machines.
inline std::uint32_t HashShortKey(const ShortKey& key) {
  __extension__ using Wide = unsigned __int128;
  const Wide product =
      static_cast<Wide>(key.words[0] ^ 0x9E3779B97F4A7C15u) * (key.words[1] ^ 0xD6E8FEB86659FD93u);
  std::uint64_t hash =
      static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  hash ^= key.words[0] * 0x9FB21C651E98DF25u;
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace gristmill::internal
