// How much room there is on the file system of a directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gristmill {

struct DiskSpace {
  std::uint64_t all_bytes = 0;
  std::uint64_t free_bytes = 0;  // for us, who are not root
};

// Null if it can't be told.
std::optional<DiskSpace> DiskSpaceOf(const std::string& directory);

// What to leave to others: a twentieth of the disk, at most 1 GiB.
std::uint64_t DefaultDiskReserve(std::uint64_t all_bytes);

}  // namespace gristmill
