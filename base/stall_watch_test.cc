#include "base/stall_watch.h"

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"

namespace gristmill {
namespace {

TEST(StallWatch, TellsWhenNothingMovesAnyMore) {
  absl::Notification told;
  StallWatch watch(20, [&] { told.Notify(); });
  EXPECT_TRUE(told.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_TRUE(watch.stalled());
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
