// Sequential writing with few, large system calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/file.h"

namespace gristmill {

// Not thread-safe. Bytes reach the file by the time Close succeeds. After an error every call gives
// that error again, so that a caller who passes over one can't leave a hole. A writer that is
// destroyed before Close leaves a partial file; removing it is up to the owner.
class BufferedWriter {
 public:
  static constexpr std::size_t kBufferBytes = 256 << 10;

  static absl::StatusOr<BufferedWriter> Create(const std::string& path);

  absl::Status Append(std::string_view bytes);
  // Flushes what is buffered. Not synced: docs/decisions/2026-11-22-output-is-not-synced.md.
  absl::Status Close();

  const std::string& path() const { return file_.path(); }
  // Appended so far: the offset of the next byte.
  std::uint64_t bytes() const { return bytes_; }

 private:
  explicit BufferedWriter(File file) : file_(std::move(file)) {}
  absl::Status Write(std::string_view bytes);
  absl::Status Flush();

  File file_;
  std::string buffer_;
  std::uint64_t bytes_ = 0;
  absl::Status failure_;
};

}  // namespace gristmill
