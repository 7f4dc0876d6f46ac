// How much memory the process may use, from what the kernel says in files.
#pragma once

#include <cstdint>
#include <string>

namespace gristmill::worker {

struct MemorySources {
  std::string own_cgroups = "/proc/self/cgroup";
  std::string hierarchy = "/sys/fs/cgroup";  // where cgroup v2, or the v1 controllers, are mounted
};

// The smallest limit of the process's cgroup and its ancestors (v1 or v2); at most `installed`.
// Files that are missing or say "max" limit nothing.
std::uint64_t MemoryWithin(const MemorySources& sources, std::uint64_t installed);

}  // namespace gristmill::worker
