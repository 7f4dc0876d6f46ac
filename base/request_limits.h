// How much one request for a job may hold: the client keeps to it, the coordinator refuses more.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "base/status.h"
#include "base/units.h"

namespace gristmill {

// More than a command line holds; less than would fill a coordinator that remembers many jobs.
inline constexpr std::size_t kRequestBytesMax = std::size_t{4} << 20;
inline constexpr std::size_t kParamsBytesMax = 64 << 10;  // names and values together

inline absl::Status CheckRequestBytes(std::size_t bytes) {
  if (bytes <= kRequestBytesMax) return absl::OkStatus();
  return InvalidArgument(
      "the request takes {}, and {} is the most; name directories or globs as input instead of "
      "single files",
      FormatBytes(bytes), FormatBytes(kRequestBytesMax));
}

}  // namespace gristmill
