// How much memory the process may use, from what the kernel says in files.
#pragma once

#include <cstdint>

#include "worker/cgroup.h"

namespace gristmill::worker {

// The smallest limit of the process's cgroup and its ancestors (v1 or v2); at most `installed`.
// Files that are missing or say "max" limit nothing.
std::uint64_t MemoryWithin(const CgroupSources& sources, std::uint64_t installed);

}  // namespace gristmill::worker
