#include "worker/host_memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/test_directory.h"
#include "worker/worker.h"

namespace gristmill::worker {
namespace {

// A fake /proc/self/cgroup and /sys/fs/cgroup.
class HostMemoryTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::uint64_t Memory(std::uint64_t installed) {
    return MemoryWithin({.own_cgroups = root_ + "/proc", .hierarchy = root_ + "/sys"}, installed);
  }

  const TestDirectory directory_;
  const std::string root_ = directory_.path();
};

TEST_F(HostMemoryTest, WithoutALimitAllOfItIsUsed) {
  EXPECT_EQ(Memory(1'000), 1'000u);
  Write("/proc", "0::/user.slice\n");
  Write("/sys/user.slice/memory.max", "max\n");
  EXPECT_EQ(Memory(1'000), 1'000u);
}

TEST_F(HostMemoryTest, TheSmallestLimitOfTheGroupAndItsAncestorsCounts) {
  Write("/proc", "0::/pod/box\n");
  Write("/sys/pod/box/memory.max", "700\n");
  EXPECT_EQ(Memory(1'000), 700u);
  Write("/sys/pod/memory.max", "600\n");
  EXPECT_EQ(Memory(1'000), 600u);
  EXPECT_EQ(Memory(500), 500u);
}

TEST_F(HostMemoryTest, AContainersMountIsItsOwnGroupWhereThePathIsTheHosts) {
  Write("/proc", "0::/docker/0123\n");
  Write("/sys/memory.max", "700\n");
  EXPECT_EQ(Memory(1'000), 700u);
}

TEST_F(HostMemoryTest, ALimitOfCgroupV1IsFoundInTheMemoryController) {
  Write("/proc", "4:cpu:/box\n12:memory:/box\n0::/\n");
  Write("/sys/memory/box/memory.limit_in_bytes", "700\n");
  EXPECT_EQ(Memory(1'000), 700u);
}

TEST_F(HostMemoryTest, AControllerOfCgroupV1ThatSharesItsGroupsWithOthersIsFoundToo) {
  Write("/proc", "4:cpu,memory:/box\n0::/\n");
  Write("/sys/cpu,memory/box/memory.limit_in_bytes", "700\n");
  EXPECT_EQ(Memory(1'000), 700u);
}

TEST_F(HostMemoryTest, CgroupV2MayBeMountedBesideTheControllersOfV1) {
  Write("/proc", "4:cpu:/\n0::/box\n");
  Write("/sys/unified/box/memory.max", "700\n");
  EXPECT_EQ(Memory(1'000), 700u);
}

TEST_F(HostMemoryTest, DamagedFilesLimitNothing) {
  Write("/proc", "\nnonsense\n0:\n0::\n7:memory:relative\n0::/box\n");
  Write("/sys/box/memory.max", "much\n");
  EXPECT_EQ(Memory(1'000), 1'000u);
}

TEST(AvailableMemory, IsNotNothing) { EXPECT_GT(AvailableMemory(), 1u << 20); }

}  // namespace
}  // namespace gristmill::worker
