// How much may come with a job as files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/instant.h"

namespace gristmill {

inline constexpr std::size_t kShippedFilesMax = 1'000;
inline constexpr std::uint64_t kShippedFileBytesMax = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kShippedBytesMax = std::uint64_t{4} << 30;  // of one job
inline constexpr std::size_t kFileNameBytesMax = 255;
// A piece on the wire.
inline constexpr std::size_t kBlobPieceBytesMax = std::size_t{256} << 10;
// Who sends or fetches a file gives up when it stands still for so long: twice what the coordinator
// waits for a piece, for its disk has others to serve too.
inline constexpr DurationMs kShippingStallMs = 120'000;

}  // namespace gristmill
