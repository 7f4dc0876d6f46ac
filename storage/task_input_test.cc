#include "storage/task_input.h"

#include <gtest/gtest.h>

namespace gristmill {
namespace {

v1::JobPlan PlanOf(v1::InputFormat format) {
  v1::JobPlan plan;
  plan.add_inputs()->set_format(format);
  plan.mutable_request()->set_splits(2);
  plan.mutable_request()->set_split_bytes(50);
  plan.mutable_inputs(0)->set_record_bytes(5);
  plan.mutable_inputs(0)->set_range_begin(-100);
  plan.mutable_inputs(0)->set_range_end(100);
  if (format != v1::INPUT_FORMAT_INTEGER_RANGE) {
    v1::InputFile* file = plan.mutable_inputs(0)->add_files();
    file->set_path("/f");
    file->set_bytes(100);
  }
  v1::StagePlan* map = plan.add_stages();
  map->set_kind(v1::STAGE_KIND_MAP);
  map->set_task_count(2);
  map->set_may_be_cut(true);
  plan.add_stages()->set_kind(v1::STAGE_KIND_REDUCE);
  return plan;
}

std::string Describe(v1::InputFormat format, const TaskPart& part) {
  const v1::JobPlan plan = PlanOf(format);
  return DescribeTaskInput(plan, SplitTable(plan), 0, part);
}

TEST(TaskInput, APartIsCountedFromTheBeginningOfItsPlannedSplit) {
  EXPECT_EQ(Describe(v1::INPUT_FORMAT_TEXT_LINES, {.planned = 1}), "/f:50+50");
  EXPECT_EQ(Describe(v1::INPUT_FORMAT_TEXT_LINES, {1, 20, 30}), "/f:70+10");
  EXPECT_EQ(Describe(v1::INPUT_FORMAT_TEXT_LINES, {1, 20, TaskPart::kPlannedEnd}), "/f:70+30");
  EXPECT_EQ(Describe(v1::INPUT_FORMAT_INTEGER_RANGE, {0, 0, 30}), "[-100, -70)");
  EXPECT_EQ(Describe(v1::INPUT_FORMAT_INTEGER_RANGE, {0, 30, TaskPart::kPlannedEnd}), "[-70, 0)");
}

TEST(TaskInput, ATaskCanOnlyHaveBeenCutWithinItsPartAndBetweenRecords) {
  const v1::JobPlan lines = PlanOf(v1::INPUT_FORMAT_TEXT_LINES);
  const v1::JobPlan fixed = PlanOf(v1::INPUT_FORMAT_FIXED_RECORDS);
  const SplitTable splits(lines), fixed_splits(fixed);
  const TaskPart part{1, 20, 40};
  EXPECT_TRUE(CheckCut(lines, splits, 0, part, 7).ok());
  EXPECT_TRUE(CheckCut(lines, splits, 0, part, 20).ok()) << "it says again what is known";
  EXPECT_FALSE(CheckCut(lines, splits, 0, part, 0).ok());
  EXPECT_FALSE(CheckCut(lines, splits, 0, part, 21).ok());
  EXPECT_FALSE(CheckCut(lines, splits, 1, {.planned = 0}, 7).ok()) << "a reduce task";
  EXPECT_TRUE(CheckCut(fixed, fixed_splits, 0, part, 10).ok());
  EXPECT_FALSE(CheckCut(fixed, fixed_splits, 0, part, 7).ok());
}

}  // namespace
}  // namespace gristmill
