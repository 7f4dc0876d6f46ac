#include "worker/cgroup.h"

#include <cstddef>
#include <fstream>
#include <sstream>

namespace gristmill::worker {
namespace {

using Use = std::function<void(const std::string& directory, CgroupVersion version)>;

// In a container the path may be the host's and lead nowhere below the mount: then the mount's root
// is the own group.
void ForEachUpwards(const std::string& mount, std::string path, CgroupVersion version,
                    const Use& use) {
  use(mount, version);
  while (path.size() > 1) {
    use(mount + path, version);
    path.resize(path.rfind('/'));
  }
}

bool Lists(const std::string& controllers, std::string_view wanted) {
  std::istringstream list(controllers);
  for (std::string controller; std::getline(list, controller, ',');) {
    if (controller == wanted) return true;
  }
  return false;
}

}  // namespace

void ForEachCgroup(const CgroupSources& sources, std::string_view controller, const Use& use) {
  std::ifstream own(sources.own_cgroups);
  // "0::/path" is v2, "4:cpu,cpuacct:/path" is v1.
  for (std::string line; std::getline(own, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      ForEachUpwards(sources.hierarchy, path, CgroupVersion::kV2, use);
      ForEachUpwards(sources.hierarchy + "/unified", path, CgroupVersion::kV2, use);
    } else if (Lists(controllers, controller)) {
      ForEachUpwards(sources.hierarchy + "/" + controllers, path, CgroupVersion::kV1, use);
      ForEachUpwards(sources.hierarchy + "/" + std::string(controller), path, CgroupVersion::kV1,
                     use);
    }
  }
}

}  // namespace gristmill::worker
