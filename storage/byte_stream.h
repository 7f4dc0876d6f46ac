// Sequential reading of a file's bytes, decompressed on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"
#include "storage/file.h"

namespace gristmill {

// Not thread-safe.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Reads at most `bytes` (> 0) bytes; 0 only at the end. Compressed data that is damaged or cut
  // off is DataLoss.
  virtual absl::StatusOr<std::size_t> Read(char* out, std::size_t bytes) = 0;
};

// Reads from `offset` on, which must be 0 for a compressed file. Gzip files may have several
// members and zstd files several frames.
absl::StatusOr<std::unique_ptr<ByteStream>> MakeByteStream(File file, v1::Compression compression,
                                                           std::uint64_t offset);

}  // namespace gristmill
