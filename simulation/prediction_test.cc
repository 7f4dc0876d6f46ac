#include "simulation/prediction.h"

#include <gtest/gtest.h>

namespace gristmill::simulation {
namespace {

constexpr std::uint64_t kSeed = 1;

Prediction Of(std::uint32_t workers, std::uint32_t tasks, const Load& load) {
  const auto prediction = Predict(workers, tasks, load, kSeed);
  EXPECT_TRUE(prediction.ok()) << prediction.status();
  return prediction.value_or(Prediction{});
}

TEST(Prediction, IsTheIdealOneIfNothingCostsAnything) {
  for (const std::uint32_t workers : {1, 2, 10, 100}) {
    const Prediction ideal = Of(workers, 1'000, {.slots = 1, .task_time = kSecond, .costs = {}});
    EXPECT_DOUBLE_EQ(ideal.speed_up, workers);
    EXPECT_DOUBLE_EQ(ideal.efficiency, 1);
    EXPECT_DOUBLE_EQ(ideal.seconds, 1'000.0 / workers);
    EXPECT_EQ(ideal.coordinator_share, 0);
  }
  const Prediction wide = Of(5, 1'000, {.slots = 4, .task_time = kSecond, .costs = {}});
  EXPECT_DOUBLE_EQ(wide.speed_up, 20);
  EXPECT_DOUBLE_EQ(wide.efficiency, 1);
}

TEST(Prediction, ComesToAnEndWhereTheCoordinatorCanDoNoMoreEvents) {
  // A thousand events a second, of which each worker's heartbeat is one.
  const Load load{.slots = 1, .task_time = 10 * kMillisecond, .costs = {.event_us = 1'000}};
  const Prediction below = Of(4, 2'000, load);
  EXPECT_GT(below.efficiency, 0.95);
  EXPECT_NEAR(below.coordinator_share, 0.4, 0.02);
  const Prediction at_the_end = Of(40, 2'000, load), beyond = Of(80, 2'000, load);
  EXPECT_NEAR(2'000 / at_the_end.seconds, 960, 20);
  EXPECT_NEAR(2'000 / beyond.seconds, 920, 20);
  EXPECT_GT(at_the_end.coordinator_share, 0.98);
  EXPECT_LE(beyond.coordinator_share, 1);
}

TEST(Prediction, ChargesWhatIsWrittenByTheBatchAndWhatIsReadByTheMessage) {
  // So few that each message has a turn and a batch of its own, but heartbeats, which write
  // nothing.
  const Load load{.slots = 1,
                  .task_time = 100 * kMillisecond,
                  .costs = {.event_us = 10, .message_us = 200, .sync_us = 1'000}};
  const Prediction one = Of(1, 1'000, load);
  const double reports_s = 1'000 * 1'210e-6, heartbeats_s = one.seconds * 210e-6;
  EXPECT_NEAR(one.coordinator_share * one.seconds, reports_s + heartbeats_s, 0.01);
}

TEST(Prediction, ComesToAnEndWhereTheCoordinatorCanReadNoMoreMessages) {
  const Load load{.slots = 1, .task_time = 10 * kMillisecond, .costs = {.rpc_us = 1'000}};
  const Prediction beyond = Of(40, 2'000, load);
  EXPECT_NEAR(2'000 / beyond.seconds, 960, 20);
  EXPECT_GT(beyond.coordinator_share, 0.98);
}

TEST(Prediction, TakesTheWorkersCostsFromTheirSlots) {
  const Load load{.slots = 1,
                  .task_time = 10 * kMillisecond,
                  .costs = {.task_us = 500.25, .report_us = 1'000, .runner_start_us = 50'000}};
  // Short tasks are sent ahead, and each is reported by itself; the runner was there before.
  EXPECT_NEAR(Of(1, 1'000, load).seconds, 1'000 * 11.50025e-3, 0.01);
}

TEST(Prediction, WaitsForMessagesOnlyIfTasksAreLong) {
  const Load load{.slots = 1, .task_time = kSecond, .costs = {.latency_us = 50'000}};
  // A report and an assignment lie between two long tasks.
  EXPECT_NEAR(Of(1, 100, load).seconds, 100 * 1.1, 1);
}

TEST(Prediction, DependsOnNothingButItsArguments) {
  const Load load{.slots = 2,
                  .task_time = 20 * kMillisecond,
                  .costs = {.event_us = 7, .message_us = 60, .sync_us = 150, .latency_us = 100}};
  const Prediction first = Of(50, 5'000, load), second = Of(50, 5'000, load);
  EXPECT_EQ(first.seconds, second.seconds);
  EXPECT_EQ(first.coordinator_share, second.coordinator_share);
}

}  // namespace
}  // namespace gristmill::simulation
