#include "worker/cpus.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include "worker/worker.h"

namespace gristmill::worker {
namespace {

using Cpus = std::optional<std::uint32_t>;

Cpus Smaller(Cpus a, Cpus b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Cpus FromQuota(std::int64_t quota_us, std::int64_t period_us) {
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>((quota_us - 1) / period_us + 1, 1 << 20));
}

// "200000 100000" or "max 100000".
Cpus ReadV2(const std::string& group) {
  std::ifstream file(group + "/cpu.max");
  std::int64_t quota_us = 0, period_us = 0;
  if (!(file >> quota_us >> period_us)) return std::nullopt;
  return FromQuota(quota_us, period_us);
}

// A quota of -1 means none.
Cpus ReadV1(const std::string& group) {
  std::ifstream quota(group + "/cpu.cfs_quota_us"), period(group + "/cpu.cfs_period_us");
  std::int64_t quota_us = 0, period_us = 0;
  if (!(quota >> quota_us) || !(period >> period_us)) return std::nullopt;
  return FromQuota(quota_us, period_us);
}

// A group's limit binds its descendants. In a container the path may be the host's and lead
// nowhere below the mount: then the mount's root is the own group.
Cpus SmallestUpwards(const std::string& mount, std::string path, Cpus (*read)(const std::string&)) {
  Cpus smallest = read(mount);
  while (path.size() > 1) {
    smallest = Smaller(smallest, read(mount + path));
    path.resize(path.rfind('/'));
  }
  return smallest;
}

bool ListsCpu(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string controller; std::getline(list, controller, ',');) {
    if (controller == "cpu") return true;
  }
  return false;
}

// One line of /proc/self/cgroup: "0::/path" is v2, "4:cpu,cpuacct:/path" is v1.
Cpus FromLine(const std::string& hierarchy, const std::string& line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
  if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  const std::string path = line.substr(second + 1);
  if (controllers.empty()) {
    return Smaller(SmallestUpwards(hierarchy, path, ReadV2),
                   SmallestUpwards(hierarchy + "/unified", path, ReadV2));
  }
  if (!ListsCpu(controllers)) return std::nullopt;
  return Smaller(SmallestUpwards(hierarchy + "/" + controllers, path, ReadV1),
                 SmallestUpwards(hierarchy + "/cpu", path, ReadV1));
}

std::uint32_t OnlineCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<std::uint32_t>(std::max(CPU_COUNT(&set), 1));
  }
  return std::max(std::thread::hardware_concurrency(), 1u);
}

}  // namespace

std::uint32_t CpusWithin(const CpuSources& sources, std::uint32_t online) {
  Cpus limit;
  std::ifstream own(sources.own_cgroups);
  for (std::string line; std::getline(own, line);) {
    limit = Smaller(limit, FromLine(sources.hierarchy, line));
  }
  return std::max(1u, limit ? std::min(*limit, online) : online);
}

std::uint32_t AvailableCpus() { return CpusWithin(CpuSources{}, OnlineCpus()); }

}  // namespace gristmill::worker
