// Files through POSIX calls, every failure a Status with a sentence that names the path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gristmill {

// True for an absolute path without "..", an empty name or a NUL byte: safe to build on when the
// path came over the wire.
bool IsPlainAbsolutePath(std::string_view path);

// True for well-formed UTF-8: what a protobuf string may hold.
bool IsUtf8(std::string_view text);

// An open file. Not copyable; ReadAt may be called from any thread, the rest from one.
class File {
 public:
  File() = default;
  File(File&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept;
  ~File();

  // A regular file; anything else is InvalidArgument.
  static absl::StatusOr<File> OpenForReading(const std::string& path);
  // Makes the file or empties it.
  static absl::StatusOr<File> Create(const std::string& path);

  const std::string& path() const { return path_; }
  bool is_open() const { return descriptor_ >= 0; }
  absl::StatusOr<std::uint64_t> Size() const;
  // Reads `bytes` bytes, fewer only at the end of the file; returns how many.
  absl::StatusOr<std::size_t> ReadAt(std::uint64_t offset, char* out, std::size_t bytes) const;
  // Writes all of `bytes` at the current position.
  absl::Status Write(std::string_view bytes);
  absl::Status Close();

 private:
  File(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
};

// Whether there is something by that name, be it a link that leads nowhere. An error if that can't
// be told: a file system in trouble must not pass for lost data.
absl::StatusOr<bool> Exists(const std::string& path);
// What a directory holds, in no order. NotFound if there is none.
absl::StatusOr<std::vector<std::string>> ListNames(const std::string& directory);

absl::Status RenameFile(const std::string& from, const std::string& to);
// A file that does not exist is fine.
absl::Status RemoveFile(const std::string& path);
// Makes `path` and what is missing above it.
absl::Status MakeDirectories(const std::string& path);

}  // namespace gristmill
