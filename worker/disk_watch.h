// Whether there is room for map output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gristmill::worker {

// Not thread-safe. Looks at the file system of one directory. So that it does not change its mind
// with every file, there is room again only when a quarter more than the reserve is free.
class DiskWatch {
 public:
  // Default: DefaultDiskReserve of the file system. Zero: there is always room.
  DiskWatch(std::string directory, std::optional<std::uint64_t> reserve_bytes)
      : directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {}

  // True if the answer changed; then it is logged.
  bool Look();
  bool is_short() const { return is_short_; }

 private:
  const std::string directory_;
  const std::optional<std::uint64_t> reserve_bytes_;
  bool is_short_ = false;
};

// What it goes by.
bool IsShortOfDisk(std::uint64_t free_bytes, std::uint64_t reserve_bytes, bool was_short);

}  // namespace gristmill::worker
