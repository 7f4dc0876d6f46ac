// How many CPUs the process may use, from what the kernel says in files.
#pragma once

#include <cstdint>
#include <string>

namespace gristmill::worker {

struct CpuSources {
  std::string own_cgroups = "/proc/self/cgroup";
  std::string hierarchy = "/sys/fs/cgroup";  // where cgroup v2, or the v1 controllers, are mounted
};

// The smallest quota of the process's cgroup and its ancestors (v1 or v2), rounded up to whole
// CPUs; at most `online`, at least 1. Files that are missing or say "max" limit nothing.
std::uint32_t CpusWithin(const CpuSources& sources, std::uint32_t online);

}  // namespace gristmill::worker
