// Which partition some bytes belong to: equal on every machine.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace gristmill {

namespace internal {

inline std::uint64_t HashBytes(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace internal

// What the framework does with the encoded key of a job that has no Partition; for use in one that
// has. The high bits of the hash pick the partition, by multiplication.
inline std::uint32_t HashPartition(std::string_view bytes, std::uint32_t partitions) {
  return static_cast<std::uint32_t>(((internal::HashBytes(bytes) >> 32) * partitions) >> 32);
}

}  // namespace gristmill
