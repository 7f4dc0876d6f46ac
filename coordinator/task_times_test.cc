#include "coordinator/task_times.h"

#include <gtest/gtest.h>

namespace gristmill::coordinator {
namespace {

TEST(TaskTimes, ATaskIsKnownOnceItStartedAndEndsWithTheTimeItTook) {
  TaskTimes times;
  EXPECT_FALSE(times.Of(1, 2).known);
  times.Start(1, 2, 500);
  EXPECT_TRUE(times.Of(1, 2).known);
  EXPECT_FALSE(times.Of(1, 2).ended);
  EXPECT_EQ(times.Of(1, 2).started_ms, 500);
  times.End(1, 2, 900, 300);  // so it was started at 600
  EXPECT_TRUE(times.Of(1, 2).ended);
  EXPECT_EQ(times.Of(1, 2).started_ms, 600);
  EXPECT_EQ(times.Of(1, 2).run_ms, 300);
  EXPECT_FALSE(times.Of(1, 1).known);
}

TEST(TaskTimes, OfAClockThatWasSetBackNoTimeIsNegative) {
  TaskTimes times;
  times.End(0, 0, 100, 300);
  EXPECT_EQ(times.Of(0, 0).started_ms, 0);
  EXPECT_EQ(times.Of(0, 0).run_ms, 300);
  times.End(0, 1, 100, -50);
  EXPECT_EQ(times.Of(0, 1).started_ms, 150);
  EXPECT_EQ(times.Of(0, 1).run_ms, 0);
  EXPECT_TRUE(times.Of(0, 1).ended);
}

}  // namespace
}  // namespace gristmill::coordinator
