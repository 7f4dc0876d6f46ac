// The control groups that limit the process, from what the kernel says in files.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace gristmill::worker {

struct CgroupSources {
  std::string own_cgroups = "/proc/self/cgroup";
  std::string hierarchy = "/sys/fs/cgroup";  // where cgroup v2, or the v1 controllers, are mounted
};

enum class CgroupVersion { kV1, kV2 };

// Calls `use` for each directory that may hold a limit which `controller`, such as "cpu", sets for
// the process: its own group's and those of the groups around it, since a group's limit binds its
// descendants. The directories need not exist.
void ForEachCgroup(
    const CgroupSources& sources, std::string_view controller,
    const std::function<void(const std::string& directory, CgroupVersion version)>& use);

}  // namespace gristmill::worker
