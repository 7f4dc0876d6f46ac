#include "coordinator/core/task_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill::coordinator {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t kEnd = TaskPart::kPlannedEnd;

TEST(TaskParts, EachTaskReadsAPlannedSplitAtFirst) {
  const TaskParts parts(2);
  EXPECT_EQ(parts.count(), 2u);
  EXPECT_EQ(parts.of(1), (TaskPart{1, 0, kEnd}));
  EXPECT_TRUE(parts.IsWhole(1));
  EXPECT_THAT(parts.InInputOrder(), ElementsAre(0, 1));
}

TEST(TaskParts, CutsOfTasksAndOfPiecesTileThePlannedSplit) {
  TaskParts parts(3);
  parts.Cut(1, 100);  // 3 reads from 100
  parts.Cut(3, 150);  // 4 reads from 150
  parts.Cut(1, 40);   // 5 reads from 40 to 100
  parts.Cut(0, 7);    // 6 reads from 7
  EXPECT_EQ(parts.of(0), (TaskPart{0, 0, 7}));
  EXPECT_EQ(parts.of(6), (TaskPart{0, 7, kEnd}));
  EXPECT_EQ(parts.of(1), (TaskPart{1, 0, 40}));
  EXPECT_EQ(parts.of(5), (TaskPart{1, 40, 100}));
  EXPECT_EQ(parts.of(3), (TaskPart{1, 100, 150}));
  EXPECT_EQ(parts.of(4), (TaskPart{1, 150, kEnd}));
  EXPECT_EQ(parts.of(2), (TaskPart{2, 0, kEnd}));
  EXPECT_THAT(parts.InInputOrder(), ElementsAre(0, 6, 1, 5, 3, 4, 2));
  EXPECT_FALSE(parts.IsWhole(1));
  EXPECT_FALSE(parts.IsWhole(4));
  EXPECT_TRUE(parts.IsWhole(2));
}

TEST(TaskParts, WhatIsRestoredIsTheSame) {
  TaskParts parts(2), restored(2);
  parts.Cut(1, 100);
  parts.Cut(1, 40);
  restored.Restore(parts.pieces(), {parts.ends().begin(), parts.ends().end()});
  for (std::uint32_t task = 0; task < 4; ++task) EXPECT_EQ(restored.of(task), parts.of(task));
}

}  // namespace
}  // namespace gristmill::coordinator
