// The right to stage output in a directory: an flock(2) on OUTPUT/_temporary/_LOCK, held by the
// process that will commit or abandon what is staged there. It goes with its process, so a dead
// owner's lock is free, and it is found under every name of the directory.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gristmill {

inline constexpr std::string_view kTemporaryName = "_temporary";
inline constexpr std::string_view kLockName = "_LOCK";

// Not thread-safe. Where the file system knows no locks, it keeps nobody out.
class OutputLock {
 public:
  OutputLock(OutputLock&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  OutputLock& operator=(OutputLock&&) = delete;
  ~OutputLock();  // lets go; the file stays

  // Makes OUTPUT/_temporary and the lock file if need be. `owner` says to those who are refused
  // who it is. AlreadyExists names the owner if that is another one, in this process or another.
  static absl::StatusOr<OutputLock> Take(const std::string& output, std::string_view owner);
  // The same refusal, if there is cause for it; makes nothing and takes nothing.
  static absl::Status CheckFree(const std::string& output);

  void SetOwner(std::string_view owner);
  // Removes the file, then lets go.
  void Remove();

 private:
  OutputLock(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

}  // namespace gristmill
