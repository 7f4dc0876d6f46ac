#include "storage/disk_space.h"

#include <gtest/gtest.h>

namespace gristmill {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

TEST(DefaultDiskReserve, SmallDisksReserveATwentiethAndLargeOnesAGibibyte) {
  EXPECT_EQ(DefaultDiskReserve(100 * kMiB), 5 * kMiB);
  EXPECT_EQ(DefaultDiskReserve(10'000'000 * kMiB), 1'024 * kMiB);
}

}  // namespace
}  // namespace gristmill
