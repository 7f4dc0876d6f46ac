#include "worker/disk_watch.h"

#include <spdlog/spdlog.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "base/units.h"

namespace gristmill::worker {
namespace {

constexpr std::uint64_t kReserveMost = std::uint64_t{1} << 30;
constexpr std::uint64_t kReserveShare = 20;

}  // namespace

std::uint64_t DefaultSpillReserve(std::uint64_t disk_bytes) {
  return std::min(disk_bytes / kReserveShare, kReserveMost);
}

bool IsShortOfDisk(std::uint64_t free_bytes, std::uint64_t reserve_bytes, bool was_short) {
  return free_bytes < (was_short ? reserve_bytes + reserve_bytes / 4 : reserve_bytes);
}

bool DiskWatch::Look() {
  struct statvfs disk = {};
  if (statvfs(directory_.c_str(), &disk) != 0) return false;  // tasks will say what is wrong
  const std::uint64_t reserve_bytes =
      reserve_bytes_.value_or(DefaultSpillReserve(std::uint64_t{disk.f_blocks} * disk.f_frsize));
  const std::uint64_t free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const bool is_short = IsShortOfDisk(free_bytes, reserve_bytes, is_short_);
  if (is_short == is_short_) return false;
  is_short_ = is_short;
  if (is_short) {
    spdlog::warn(
        "only {} are free on the disk of {}, less than the {} of --spill-reserve: taking no map "
        "tasks "
        "until there is more; free some space",
        FormatBytes(free_bytes), directory_, FormatBytes(reserve_bytes));
  } else {
    spdlog::info("{} are free again on the disk of {}: taking map tasks", FormatBytes(free_bytes),
                 directory_);
  }
  return true;
}

}  // namespace gristmill::worker
