#include "coordinator/core/task_needs.h"

#include <gtest/gtest.h>

#include "coordinator/core/run_times.h"

namespace gristmill::coordinator {
namespace {

TEST(WorkerResources, SufficeOnlyWithAllThatATaskAsksFor) {
  const WorkerResources has{4, 8, 2, {"avx2", "ssd"}};
  EXPECT_TRUE(has.Suffice({4, 8, 2, {"ssd"}}));
  EXPECT_FALSE(has.Suffice({5, 0, 0, {}}));
  EXPECT_FALSE(has.Suffice({1, 9, 0, {}}));
  EXPECT_FALSE(has.Suffice({1, 0, 3, {}}));
  EXPECT_FALSE(has.Suffice({1, 0, 0, {"nvme"}}));
  EXPECT_TRUE(has.Hold({1, 4, 1, {}}, 2));
  EXPECT_FALSE(has.Hold({1, 4, 1, {}}, 3));
}

TEST(WhyNoneSuffices, NamesWhatIsMissingAmongThoseThatHaveTheRest) {
  const std::vector<WorkerResources> workers = {{8, 64 << 20, 0, {"ssd"}}, {2, 0, 4, {}}};
  EXPECT_EQ(WhyNoneSuffices({1, 0, 0, {"nvme"}}, workers),
            "no worker has the label 'nvme'; start one with 'gristmill worker --label nvme', or "
            "cancel the job");
  EXPECT_EQ(WhyNoneSuffices({1, 0, 1, {"ssd"}}, workers),
            "a task asks for 1 GPU and no worker with the label 'ssd' has more than 0; start one "
            "with 'gristmill worker --label ssd --gpus 1', or cancel the job");
  EXPECT_EQ(WhyNoneSuffices({9, 0, 0, {}}, workers),
            "a task asks for 9 CPUs and no worker has more than 8 slots; start one with 'gristmill "
            "worker', or cancel the job");
  EXPECT_EQ(WhyNoneSuffices({1, 65 << 20, 0, {}}, workers),
            "a task asks for 65 MiB of memory and no worker has more than 64 MiB; start one "
            "with 'gristmill worker', or cancel the job");
  EXPECT_EQ(WhyNoneSuffices({4, 0, 4, {}}, workers),
            "no worker has at once all that a task asks for: 4 CPUs, 0 B of memory and 4 GPUs; "
            "start one with 'gristmill worker --gpus 4', or cancel the job");
}

TEST(RunTimes, TellTheMedianToAnEighth) {
  for (const std::uint64_t us : {1u, 7u, 8u, 100u, 12'345u, 1'000'000u, 4'000'000'000u}) {
    RunTimes times;
    times.Add(us / 2);
    times.Add(us);
    times.Add(us);
    times.Add(50 * us);
    EXPECT_GE(times.median_us(), us);
    EXPECT_LE(times.median_us(), us + us / 8);
  }
}

TEST(LimitByMedian, IsThereOnceAFewHaveFinishedAndNeverBelowASecond) {
  RunTimes times;
  times.Add(1'000'000);
  times.Add(1'000'000);
  EXPECT_EQ(LimitByMedian(times, 300), kNoLimit);
  times.Add(1'000'000);
  EXPECT_GE(LimitByMedian(times, 300), 3'000);
  EXPECT_LE(LimitByMedian(times, 300), 3'375);
  EXPECT_EQ(LimitByMedian(times, 0), kNoLimit);
  RunTimes short_ones;
  for (int i = 0; i < 3; ++i) short_ones.Add(1'000);
  EXPECT_EQ(LimitByMedian(short_ones, 300), kMedianLimitMsMin);
}

}  // namespace
}  // namespace gristmill::coordinator
