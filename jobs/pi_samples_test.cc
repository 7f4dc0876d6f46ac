#include "jobs/pi_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>

namespace gristmill::jobs {
namespace {

TEST(RandomBits, IsTheSequenceOfSplitMix64) {
  EXPECT_EQ(RandomBits(0, 0), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(RandomBits(0, 1), 0x6E789E6AA1B965F4u);
  EXPECT_EQ(RandomBits(1234567, 0), 6457827717110365317u);
  EXPECT_EQ(RandomBits(1234567, 1), 3203168211198807973u);
}

TEST(CountPointsInCircle, ApproachesAQuarterOfPi) {
  constexpr std::int64_t kPoints = 4'000'000;
  const double share = static_cast<double>(CountPointsInCircle(7, 0, kPoints)) / kPoints;
  EXPECT_NEAR(4 * share, std::numbers::pi, 0.005);  // six standard deviations
}

TEST(CountPointsInCircle, DoesNotDependOnHowTheRangeIsSplit) {
  std::uint64_t sum = 0;
  for (std::int64_t begin = 0; begin < 100'000; begin += 777) {
    sum += CountPointsInCircle(3, begin, std::min<std::int64_t>(begin + 777, 100'000));
  }
  EXPECT_EQ(sum, CountPointsInCircle(3, 0, 100'000));
}

TEST(CountPointsInCircle, DependsOnTheSeed) {
  EXPECT_NE(CountPointsInCircle(1, 0, 100'000), CountPointsInCircle(2, 0, 100'000));
}

TEST(CountPointsInCircle, OfAnEmptyRangeIsZero) { EXPECT_EQ(CountPointsInCircle(1, 5, 5), 0u); }

}  // namespace
}  // namespace gristmill::jobs
