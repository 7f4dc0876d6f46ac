#include "worker/host_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "worker/worker.h"

namespace gristmill::worker {

std::uint64_t MemoryWithin(const CgroupSources& sources, std::uint64_t installed) {
  std::uint64_t bytes = installed;
  ForEachCgroup(sources, "memory", [&](const std::string& group, CgroupVersion version) {
    const bool is_v2 = version == CgroupVersion::kV2;
    std::ifstream limit(group + (is_v2 ? "/memory.max" : "/memory.limit_in_bytes"));
    if (std::uint64_t read = 0; limit >> read) bytes = std::min(bytes, read);
  });
  return bytes;
}

std::uint64_t AvailableMemory() {
  const auto pages = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PHYS_PAGES), 0L));
  return MemoryWithin({}, pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace gristmill::worker
