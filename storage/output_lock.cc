#include "storage/output_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/status.h"
#include "storage/file.h"

namespace gristmill {
namespace {

// Each try lost means that another owner removed the file at the same moment.
constexpr int kTriesMax = 100;
constexpr std::size_t kOwnerBytesMax = 512;

std::string LockPath(const std::string& output) {
  return fmt::format("{}/{}/{}", output, kTemporaryName, kLockName);
}

absl::Status InUse(const std::string& output, int descriptor) {
  std::array<char, kOwnerBytesMax> text;
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string owner(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  return AlreadyExists(
      "the output directory '{}' is being written by {}; wait for its end, cancel it or choose "
      "another directory",
      output, owner.empty() ? "another job" : owner);
}

// False if another owner holds it.
bool TryLock(int descriptor) {
  int result = 0;
  do {
    result = ::flock(descriptor, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0 || errno != EWOULDBLOCK;
}

// Whether `path` still leads to the open file.
bool IsAt(const std::string& path, int descriptor) {
  struct stat open_file, named;
  return ::fstat(descriptor, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

}  // namespace

absl::StatusOr<OutputLock> OutputLock::Take(const std::string& output, std::string_view owner) {
  const std::string path = LockPath(output);
  for (int i = 0; i < kTriesMax; ++i) {
    GM_RETURN_IF_ERROR(MakeDirectories(fmt::format("{}/{}", output, kTemporaryName)));
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == ENOENT) continue;
    if (descriptor < 0) return ErrnoStatus(errno, fmt::format("can't create '{}'", path));
    OutputLock lock(path, descriptor);
    if (!TryLock(descriptor)) return InUse(output, descriptor);
    if (!IsAt(path, descriptor)) continue;
    lock.SetOwner(owner);
    return lock;
  }
  return Unavailable("other jobs keep taking the output directory '{}'; choose another one",
                     output);
}

absl::Status OutputLock::CheckFree(const std::string& output) {
  const int descriptor = ::open(LockPath(output).c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return absl::OkStatus();
  const OutputLock lock(LockPath(output), descriptor);
  return TryLock(descriptor) ? absl::OkStatus() : InUse(output, descriptor);
}

OutputLock::~OutputLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputLock::SetOwner(std::string_view owner) {
  owner = owner.substr(0, kOwnerBytesMax);
  // It only serves a sentence: on a full disk that says "another job".
  if (::ftruncate(descriptor_, 0) != 0) return;
  if (::pwrite(descriptor_, owner.data(), owner.size(), 0) < 0) return;
}

void OutputLock::Remove() {
  if (descriptor_ < 0) return;
  // While it is held, so that nobody locks a file that is about to go.
  ::unlink(path_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace gristmill
