#include "base/stall_watch.h"

#include <gtest/gtest.h>

#include <chrono>

#include "absl/synchronization/notification.h"

namespace gristmill {
namespace {

TEST(StallWatch, TellsWhenNothingMovesAnyMore) {
  absl::Notification told;
  StallWatch watch(20, [&] { told.Notify(); });
  EXPECT_TRUE(told.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_TRUE(watch.stalled());
}

TEST(StallWatch, WaitsAgainFromEachProgress) {
  constexpr auto kPatience = std::chrono::milliseconds(300);
  absl::Notification told;
  const auto begin = std::chrono::steady_clock::now();
  StallWatch watch(kPatience.count(), [&] { told.Notify(); });
  auto last = begin;
  // Far longer than the patience, in steps that are shorter, however late this thread wakes.
  while (last - begin < 4 * kPatience && !watch.stalled()) {
    last = std::chrono::steady_clock::now();
    watch.Progress();
    told.WaitForNotificationWithTimeout(absl::Milliseconds(20));
  }
  EXPECT_TRUE(told.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_GE(std::chrono::steady_clock::now() - last, kPatience);
}

TEST(StallWatch, SaysNothingOfWorkThatGoesOnOrIsOver) {
  bool told = false;
  {
    StallWatch watch(60'000, [&] { told = true; });
    watch.Progress();
    EXPECT_FALSE(watch.stalled());
  }  // at once, not after a minute
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace gristmill
