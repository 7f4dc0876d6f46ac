// How many CPUs the process may use, from what the kernel says in files.
#pragma once

#include <cstdint>

#include "worker/cgroup.h"

namespace gristmill::worker {

// The smallest quota of the process's cgroup and its ancestors (v1 or v2), rounded up to whole
// CPUs; at most `online`, at least 1. Files that are missing or say "max" limit nothing.
std::uint32_t CpusWithin(const CgroupSources& sources, std::uint32_t online);

}  // namespace gristmill::worker
