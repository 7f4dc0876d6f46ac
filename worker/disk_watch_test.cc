#include "worker/disk_watch.h"

#include <gtest/gtest.h>

#include <limits>

#include "storage/test_directory.h"

namespace gristmill::worker {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

TEST(DiskWatchTest, ThereIsRoomAgainOnlyWhenAQuarterMoreIsFree) {
  EXPECT_FALSE(IsShortOfDisk(100 * kMiB, 100 * kMiB, false));
  EXPECT_TRUE(IsShortOfDisk(100 * kMiB - 1, 100 * kMiB, false));
  EXPECT_TRUE(IsShortOfDisk(124 * kMiB, 100 * kMiB, true));
  EXPECT_FALSE(IsShortOfDisk(125 * kMiB, 100 * kMiB, true));
}

TEST(DiskWatchTest, OfARealDiskItTellsChangesOnly) {
  const TestDirectory directory;
  DiskWatch demanding(directory.path("."), std::numeric_limits<std::uint64_t>::max() / 2);
  EXPECT_TRUE(demanding.Look());
  EXPECT_TRUE(demanding.is_short());
  EXPECT_FALSE(demanding.Look());
  DiskWatch easy(directory.path("."), 0);
  EXPECT_FALSE(easy.Look());
  EXPECT_FALSE(easy.is_short());
}

}  // namespace
}  // namespace gristmill::worker
