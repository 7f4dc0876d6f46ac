#include "storage/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/status.h"

namespace gristmill {
namespace {

// One system call moves at most this much: Linux caps it just below 2 GiB.
constexpr std::size_t kTransferBytesMax = std::size_t{1} << 30;

absl::Status WriteError(int error_number, const std::string& path) {
  if (error_number == ENOSPC || error_number == EDQUOT) {
    return ResourceExhausted(
        "can't write '{}': the disk is full; free space there or choose another directory", path);
  }
  return ErrnoStatus(error_number, fmt::format("can't write '{}'", path));
}

// Length of the well-formed UTF-8 sequence at `p`, or 0.
std::size_t Utf8SequenceBytes(const unsigned char* p, const unsigned char* end) {
  const unsigned char lead = *p;
  if (lead < 0x80) return 1;
  const std::size_t bytes = lead >= 0xc2 && lead < 0xe0   ? 2
                            : lead >= 0xe0 && lead < 0xf0 ? 3
                            : lead >= 0xf0 && lead < 0xf5 ? 4
                                                          : 0;
  if (bytes == 0 || static_cast<std::size_t>(end - p) < bytes) return 0;
  if (lead == 0xe0 && p[1] < 0xa0) return 0;  // overlong
  if (lead == 0xed && p[1] > 0x9f) return 0;  // surrogates
  if (lead == 0xf0 && p[1] < 0x90) return 0;  // overlong
  if (lead == 0xf4 && p[1] > 0x8f) return 0;  // above U+10FFFF
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((p[i] & 0xc0) != 0x80) return 0;
  }
  return bytes;
}

}  // namespace

bool IsPlainAbsolutePath(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos)
    return false;
  for (std::size_t begin = 1; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end == begin || path.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool IsUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = p + text.size();
  while (p < end) {
    const std::size_t bytes = Utf8SequenceBytes(p, end);
    if (bytes == 0) return false;
    p += bytes;
  }
  return true;
}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

absl::StatusOr<File> File::OpenForReading(const std::string& path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return ErrnoStatus(errno, fmt::format("can't open '{}'", path));
  File file(path, descriptor);
  struct stat info;
  if (::fstat(descriptor, &info) != 0) {
    return ErrnoStatus(errno, fmt::format("can't read '{}'", path));
  }
  if (!S_ISREG(info.st_mode)) return InvalidArgument("'{}' is not a regular file", path);
  return file;
}

absl::StatusOr<File> File::Create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    if (errno == ENOSPC || errno == EDQUOT) return WriteError(errno, path);
    return ErrnoStatus(errno, fmt::format("can't create '{}'", path));
  }
  return File(path, descriptor);
}

absl::StatusOr<std::uint64_t> File::Size() const {
  struct stat info;
  if (::fstat(descriptor_, &info) != 0) {
    return ErrnoStatus(errno, fmt::format("can't read '{}'", path_));
  }
  return static_cast<std::uint64_t>(info.st_size);
}

absl::StatusOr<std::size_t> File::ReadAt(std::uint64_t offset, char* out, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(descriptor_, out + done, std::min(bytes - done, kTransferBytesMax),
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, fmt::format("can't read '{}'", path_));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

absl::Status File::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put =
        ::write(descriptor_, bytes.data(), std::min(bytes.size(), kTransferBytesMax));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return WriteError(errno, path_);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return absl::OkStatus();
}

absl::Status File::Close() {
  if (descriptor_ < 0) return absl::OkStatus();
  // A network file system may report a failed write only now.
  if (::close(std::exchange(descriptor_, -1)) != 0) return WriteError(errno, path_);
  return absl::OkStatus();
}

absl::StatusOr<bool> Exists(const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoStatus(errno, fmt::format("can't look at '{}'", path));
}

absl::StatusOr<std::vector<std::string>> ListNames(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator it(directory, error), end;
  for (; !error && it != end; it.increment(error)) names.push_back(it->path().filename().string());
  if (error) return ErrnoStatus(error.value(), fmt::format("can't list '{}'", directory));
  return names;
}

absl::Status RenameFile(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return ErrnoStatus(errno, fmt::format("can't rename '{}' to '{}'", from, to));
  }
  return absl::OkStatus();
}

absl::Status RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, fmt::format("can't remove '{}'", path));
  }
  return absl::OkStatus();
}

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus(error.value(), fmt::format("can't make the directory '{}'", path));
  return absl::OkStatus();
}

}  // namespace gristmill
