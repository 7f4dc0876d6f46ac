#include "cli/temp_directory.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"

namespace gristmill::cli {
namespace {

constexpr absl::Duration kRemoveTime = absl::Seconds(2);

}  // namespace

absl::StatusOr<TempDirectory> TempDirectory::Make(std::string parent) {
  if (parent.empty()) {
    const char* env = std::getenv("TMPDIR");
    parent = env != nullptr && *env != '\0' ? env : "/tmp";
  }
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(parent, error).string();
  if (error) return InvalidArgument("can't make '{}' absolute: {}", parent, error.message());
  std::string path = absolute + "/gristmill-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return ErrnoStatus(errno, fmt::format("can't make a temporary directory in {}", absolute));
  }
  return TempDirectory(std::move(path));
}

TempDirectory::TempDirectory(std::string path) : path_(std::move(path)) {}

TempDirectory::TempDirectory(TempDirectory&& other) noexcept
    : path_(std::exchange(other.path_, std::string())), kept_(other.kept_) {}

TempDirectory::~TempDirectory() {
  if (!kept_) Remove();
}

void TempDirectory::Remove() const {
  if (path_.empty()) return;
  const absl::Time give_up = absl::Now() + kRemoveTime;
  std::error_code ignored;
  do {
    std::filesystem::remove_all(path_, ignored);
  } while (std::filesystem::exists(path_, ignored) && absl::Now() < give_up);
}

}  // namespace gristmill::cli
