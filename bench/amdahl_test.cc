#include "bench/amdahl.h"

#include <gtest/gtest.h>

namespace gristmill::bench {
namespace {

std::vector<TimePoint> Law(double one_worker_seconds, double serial_fraction) {
  std::vector<TimePoint> points;
  for (const double n : {1.0, 2.0, 3.0, 8.0}) {
    points.push_back({n, one_worker_seconds * (serial_fraction + (1 - serial_fraction) / n)});
  }
  return points;
}

TEST(FitAmdahl, FindsTheSerialFractionOfExactTimes) {
  for (const double fraction : {0.0, 0.05, 0.5, 1.0}) {
    const AmdahlFit fit = FitAmdahl(Law(10, fraction));
    EXPECT_NEAR(fit.serial_fraction, fraction, 1e-9);
    EXPECT_NEAR(fit.one_worker_seconds, 10, 1e-9);
  }
}

TEST(FitAmdahl, PassesThroughTwoPoints) {
  const AmdahlFit fit = FitAmdahl({{1, 4}, {2, 2.5}});
  EXPECT_NEAR(fit.serial_fraction, 0.25, 1e-9);
  EXPECT_NEAR(fit.SpeedUp(2), 1.6, 1e-9);
}

TEST(FitAmdahl, ClampsWhatNoiseBrings) {
  EXPECT_EQ(FitAmdahl({{1, 4}, {2, 1.9}}).serial_fraction, 0);  // faster than twice as fast
  EXPECT_EQ(FitAmdahl({{1, 4}, {2, 4.2}}).serial_fraction, 1);  // slower with more
}

TEST(FitAmdahl, ForetellsTheLimitOfSpeedUp) {
  const AmdahlFit fit = FitAmdahl(Law(10, 0.05));
  EXPECT_NEAR(fit.SpeedUp(1), 1, 1e-9);
  EXPECT_NEAR(fit.SpeedUp(1e12), 20, 1e-6);
}

}  // namespace
}  // namespace gristmill::bench
