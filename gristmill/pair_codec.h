// The bytes of pairs inside a run block: varint key_bytes, varint value_bytes, key, value.
// docs/formats/run-file.md has the grammar.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "gristmill/task.h"

namespace gristmill {

inline constexpr std::size_t kVarint32BytesMax = 5;

// Writes the LEB128 form of `value` at `out` (kVarint32BytesMax bytes of room); returns its end.
inline char* PutVarint32(char* out, std::uint32_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

// Null if [p, end) does not begin with a whole varint of at most 32 bits.
inline const char* GetVarint32(const char* p, const char* end, std::uint32_t* value) {
  std::uint32_t result = 0;
  for (int shift = 0; shift <= 28 && p < end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*p++);
    result |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return p;
    }
  }
  return nullptr;
}

inline void AppendPair(std::string* block, std::string_view key, std::string_view value) {
  char head[2 * kVarint32BytesMax];
  char* end = PutVarint32(head, static_cast<std::uint32_t>(key.size()));
  end = PutVarint32(end, static_cast<std::uint32_t>(value.size()));
  block->append(head, static_cast<std::size_t>(end - head));
  block->append(key);
  block->append(value);
}

// Reads the pair at `p`; returns its end, or null if the bytes up to `end` hold no whole pair.
inline const char* GetPair(const char* p, const char* end, EncodedPair* pair) {
  p = GetVarint32(p, end, &pair->key_bytes);
  if (p == nullptr) return nullptr;
  p = GetVarint32(p, end, &pair->value_bytes);
  if (p == nullptr) return nullptr;
  const std::uint64_t need = std::uint64_t{pair->key_bytes} + pair->value_bytes;
  if (static_cast<std::uint64_t>(end - p) < need) return nullptr;
  pair->key = p;
  pair->value = p + pair->key_bytes;
  return p + need;
}

}  // namespace gristmill
