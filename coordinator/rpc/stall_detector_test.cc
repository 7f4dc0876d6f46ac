#include "coordinator/rpc/stall_detector.h"

#include <gtest/gtest.h>

namespace gristmill::coordinator {
namespace {

constexpr DurationMs kStallMs = 2'000;

TEST(StallDetector, WaitingForWorkIsNoStall) {
  StallDetector stalls(kStallMs, {0});
  stalls.OnTurnEnd({10}, 60'000);
  EXPECT_EQ(stalls.OnTurnBegin({60'010}), 0);
  stalls.OnTurnEnd({60'020}, 60'000);
  EXPECT_EQ(stalls.OnTurnBegin({60'030}), 0);
}

TEST(StallDetector, ATurnThatTookTooLongIsAStallOnce) {
  StallDetector stalls(kStallMs, {0});
  stalls.OnTurnEnd({2'001}, 100);
  EXPECT_EQ(stalls.OnTurnBegin({2'001}), 2'001);
  stalls.OnTurnEnd({2'002}, 100);
  EXPECT_EQ(stalls.OnTurnBegin({2'050}), 0);
}

TEST(StallDetector, ATurnAsLongAsTheLimitIsNone) {
  StallDetector stalls(kStallMs, {0});
  stalls.OnTurnEnd({2'000}, 0);
  EXPECT_EQ(stalls.OnTurnBegin({4'000}), 0);
}

TEST(StallDetector, ATurnThatBeginsTooLateIsAStall) {
  StallDetector stalls(kStallMs, {0});
  stalls.OnTurnEnd({10}, 500);
  EXPECT_EQ(stalls.OnTurnBegin({510 + 30'000}), 30'000);
}

}  // namespace
}  // namespace gristmill::coordinator
