// What holds in every history of a cluster, tried on random ones.
#include <gtest/gtest.h>

#include <cstdint>

#include "coordinator/core/checked_core_fixture.h"
#include "coordinator/core/random_history_fixture.h"

namespace gristmill::coordinator {
namespace {

class RandomHistories : public testing::TestWithParam<int> {};

TEST_P(RandomHistories, KeepEveryInvariantAndEndInTheCalm) {
  constexpr int kSeedsPerTest = 50;
  CheckedCore::Seen seen;
  std::uint64_t asks = 0, overdue = 0;
  for (int i = 0; i < kSeedsPerTest && !HasFailure(); ++i) {
    const int seed = GetParam() * kSeedsPerTest + i;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomHistory history(static_cast<std::uint64_t>(seed));
    history.Run();
    seen += history.seen();
    asks += history.asks();
    overdue += history.overdue();
  }
  EXPECT_GT(seen.ahead, 0u) << "no worker ever had more than its slots";
  EXPECT_GT(seen.queued, 0u) << "no job ever waited for others";
  EXPECT_GT(seen.copies, 0u) << "no slow task was ever tried twice";
  EXPECT_GT(seen.alone, 0u) << "no task ever ran alone";
  EXPECT_GT(asks, 0u) << "no task was ever asked to be cut";
  EXPECT_GT(seen.cuts, 0u) << "no task was ever cut";
  EXPECT_GT(seen.skips, 0u) << "no record was ever skipped";
  EXPECT_GT(seen.wide, 0u) << "no task ever took more than a slot";
  EXPECT_GT(seen.reserved, 0u) << "nothing was ever kept for a wide task";
  EXPECT_GT(seen.left_out, 0u) << "no task was ever left out";
  EXPECT_GT(seen.suspended, seen.resumed) << "no suspended job ever ended";
  EXPECT_GT(seen.resumed, 0u) << "no job was ever resumed";
  EXPECT_GT(overdue, 0u) << "no attempt was ever overdue";
}

TEST_P(RandomHistories, EndEveryJobThoughNothingEverCountsAgainstIt) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  RandomHistory(static_cast<std::uint64_t>(GetParam())).RunWithoutHope();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistories, testing::Range(0, 8));

}  // namespace
}  // namespace gristmill::coordinator
