#include "storage/disk_space.h"

#include <sys/statvfs.h>

#include <algorithm>

namespace gristmill {
namespace {

constexpr std::uint64_t kReserveMost = std::uint64_t{1} << 30;
constexpr std::uint64_t kReserveShare = 20;

}  // namespace

std::optional<DiskSpace> DiskSpaceOf(const std::string& directory) {
  struct statvfs disk = {};
  if (statvfs(directory.c_str(), &disk) != 0) return std::nullopt;
  return DiskSpace{std::uint64_t{disk.f_blocks} * disk.f_frsize,
                   std::uint64_t{disk.f_bavail} * disk.f_frsize};
}

std::uint64_t DefaultDiskReserve(std::uint64_t all_bytes) {
  return std::min(all_bytes / kReserveShare, kReserveMost);
}

}  // namespace gristmill
