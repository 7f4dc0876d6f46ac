#include "worker/cpus.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/test_directory.h"
#include "worker/worker.h"

namespace gristmill::worker {
namespace {

// A fake /proc/self/cgroup and /sys/fs/cgroup.
class CpusTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::uint32_t Cpus(std::uint32_t online) {
    return CpusWithin({.own_cgroups = root_ + "/proc", .hierarchy = root_ + "/sys"}, online);
  }

  const TestDirectory directory_;
  const std::string root_ = directory_.path();
};

TEST_F(CpusTest, WithoutAQuotaAllOnlineCpusAreUsed) {
  EXPECT_EQ(Cpus(6), 6u);
  Write("/proc", "0::/user.slice\n");
  Write("/sys/user.slice/cpu.max", "max 100000\n");
  EXPECT_EQ(Cpus(6), 6u);
}

TEST_F(CpusTest, AQuotaOfCgroupV2IsRoundedUpToWholeCpus) {
  Write("/proc", "0::/pod/box\n");
  Write("/sys/pod/box/cpu.max", "150000 100000\n");
  EXPECT_EQ(Cpus(6), 2u);
  Write("/sys/pod/box/cpu.max", "200000 100000\n");
  EXPECT_EQ(Cpus(6), 2u);
  Write("/sys/pod/box/cpu.max", "10000 100000\n");
  EXPECT_EQ(Cpus(6), 1u);
}

TEST_F(CpusTest, TheQuotaOfAnAncestorLimitsToo) {
  Write("/proc", "0::/pod/box\n");
  Write("/sys/pod/box/cpu.max", "400000 100000\n");
  Write("/sys/pod/cpu.max", "300000 100000\n");
  EXPECT_EQ(Cpus(6), 3u);
}

TEST_F(CpusTest, AQuotaAboveTheOnlineCpusLimitsNothing) {
  Write("/proc", "0::/\n");
  Write("/sys/cpu.max", "6400000 100000\n");
  EXPECT_EQ(Cpus(4), 4u);
}

TEST_F(CpusTest, AContainersMountIsItsOwnGroupWhereThePathIsTheHosts) {
  Write("/proc", "0::/docker/0123456789abcdef\n");
  Write("/sys/cpu.max", "300000 100000\n");
  EXPECT_EQ(Cpus(8), 3u);
}

TEST_F(CpusTest, AQuotaOfCgroupV1IsFoundInTheCpuController) {
  Write("/proc", "12:memory:/box\n4:cpu,cpuacct:/box\n0::/\n");
  Write("/sys/cpu,cpuacct/box/cpu.cfs_quota_us", "250000\n");
  Write("/sys/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cpus(8), 3u);
  Write("/sys/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Cpus(8), 8u);
}

TEST_F(CpusTest, CgroupV2MayBeMountedBesideTheControllersOfV1) {
  Write("/proc", "4:memory:/\n0::/box\n");
  Write("/sys/unified/box/cpu.max", "300000 100000\n");
  EXPECT_EQ(Cpus(8), 3u);
}

TEST_F(CpusTest, DamagedFilesLimitNothing) {
  Write("/proc", "\nnonsense\n0:\n0::\n7:cpu:relative\n0::/box\n");
  Write("/sys/box/cpu.max", "0 0\n");
  EXPECT_EQ(Cpus(5), 5u);
}

TEST(AvailableCpusTest, IsAtLeastOne) { EXPECT_GE(AvailableCpus(), 1u); }

}  // namespace
}  // namespace gristmill::worker
