// The bytes of one split's file, with the checks that every format needs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "gristmill/v1/job.pb.h"
#include "storage/byte_stream.h"

namespace gristmill::worker {

// Sequential. Errors are TaskError, TaskCancelled. Not thread-safe.
class InputReader {
 public:
  // Opens the split's file to read from `offset` on. Refuses a file whose size is not the one of
  // the time the job was planned. `cancelled` must outlive this.
  InputReader(const v1::Split& split, std::uint64_t offset, const std::atomic<bool>& cancelled);

  // Reads until `bytes` are there or the file ends; returns how many.
  std::size_t Read(char* out, std::size_t bytes);
  // Of the next byte, in the decompressed file.
  std::uint64_t position() const { return position_; }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const std::uint64_t file_bytes_;
  const bool compressed_;
  const std::atomic<bool>& cancelled_;
  std::unique_ptr<ByteStream> stream_;
  std::uint64_t position_;
};

}  // namespace gristmill::worker
