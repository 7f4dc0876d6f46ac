#include "worker/disk_watch.h"

#include <spdlog/spdlog.h>

#include "base/units.h"
#include "storage/disk_space.h"

namespace gristmill::worker {

bool IsShortOfDisk(std::uint64_t free_bytes, std::uint64_t reserve_bytes, bool was_short) {
  return free_bytes < (was_short ? reserve_bytes + reserve_bytes / 4 : reserve_bytes);
}

bool DiskWatch::Look() {
  const std::optional<DiskSpace> disk = DiskSpaceOf(directory_);
  if (!disk) return false;  // tasks will say what is wrong
  const std::uint64_t reserve_bytes = reserve_bytes_.value_or(DefaultDiskReserve(disk->all_bytes));
  const std::uint64_t free_bytes = disk->free_bytes;
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
