#include "base/status.h"

#include <cerrno>
#include <cstring>

namespace gristmill {

absl::Status ErrnoStatus(int error_number, std::string_view what) {
  const std::string text = fmt::format("{}: {}", what, std::strerror(error_number));
  return absl::Status(absl::ErrnoToStatusCode(error_number), text);
}

}  // namespace gristmill
