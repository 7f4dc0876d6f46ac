#include "worker/host_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "worker/worker.h"

namespace gristmill::worker {
namespace {

// Below `mount` at `path` and above it. In a container the path may be the host's and lead nowhere
// below the mount: then the mount's root is the own group.
void LimitBy(const std::string& mount, std::string path, const char* file, std::uint64_t* bytes) {
  while (true) {
    std::ifstream limit(mount + path + "/" + file);
    if (std::uint64_t read = 0; limit >> read) *bytes = std::min(*bytes, read);
    if (path.empty()) return;
    path.resize(path.rfind('/'));
  }
}

}  // namespace

std::uint64_t MemoryWithin(const MemorySources& sources, std::uint64_t installed) {
  std::uint64_t bytes = installed;
  std::ifstream own(sources.own_cgroups);
  // "0::/path" is v2, "12:memory:/path" is v1.
  for (std::string line; std::getline(own, line);) {
    const std::size_t second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    if (line.find("::") + 1 == second) {
      LimitBy(sources.hierarchy, path, "memory.max", &bytes);
    } else if (line.find(":memory:") != std::string::npos) {
      LimitBy(sources.hierarchy + "/memory", path, "memory.limit_in_bytes", &bytes);
    }
  }
  return bytes;
}

std::uint64_t AvailableMemory() {
  const auto pages = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PHYS_PAGES), 0L));
  return MemoryWithin({}, pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace gristmill::worker
