#include "storage/file_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/status.h"

namespace gristmill {
namespace {

// False if the file system can't, or not between these two.
bool ShareBlocks(const std::string& from, const std::string& to) {
  const int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  const int target = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool shared = source >= 0 && target >= 0 && ioctl(target, FICLONE, source) == 0;
  if (source >= 0) close(source);
  if (target >= 0) close(target);
  if (target >= 0 && !shared) unlink(to.c_str());
  return shared;
}

}  // namespace

absl::Status CopyFile(const std::string& from, const std::string& to, mode_t mode) {
  std::error_code error;
  if (!ShareBlocks(from, to)) std::filesystem::copy_file(from, to, error);
  if (!error && chmod(to.c_str(), mode) != 0) error.assign(errno, std::generic_category());
  if (!error) return absl::OkStatus();
  if (error != std::errc::file_exists) unlink(to.c_str());
  return ErrnoStatus(error.value(), fmt::format("can't copy '{}' to '{}'", from, to));
}

}  // namespace gristmill
