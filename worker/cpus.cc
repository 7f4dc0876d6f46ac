#include "worker/cpus.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
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

std::uint32_t OnlineCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<std::uint32_t>(std::max(CPU_COUNT(&set), 1));
  }
  return std::max(std::thread::hardware_concurrency(), 1u);
}

}  // namespace

std::uint32_t CpusWithin(const CgroupSources& sources, std::uint32_t online) {
  Cpus limit;
  ForEachCgroup(sources, "cpu", [&](const std::string& group, CgroupVersion version) {
    limit = Smaller(limit, version == CgroupVersion::kV2 ? ReadV2(group) : ReadV1(group));
  });
  return std::max(1u, limit ? std::min(*limit, online) : online);
}

std::uint32_t AvailableCpus() { return CpusWithin({}, OnlineCpus()); }

}  // namespace gristmill::worker
