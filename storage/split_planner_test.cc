#include "storage/split_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>

namespace gristmill {
namespace {

v1::JobPlan FilePlan(v1::InputFormat format, std::uint64_t split_bytes) {
  v1::JobPlan plan;
  plan.add_inputs()->set_format(format);
  plan.mutable_request()->set_split_bytes(split_bytes);
  return plan;
}

void AddFile(v1::JobPlan* plan, const std::string& path, std::uint64_t bytes,
             v1::Compression compression = v1::COMPRESSION_NONE) {
  v1::InputFile* file = plan->mutable_inputs(0)->add_files();
  file->set_path(path);
  file->set_bytes(bytes);
  file->set_compression(compression);
}

v1::JobPlan RangePlan(std::int64_t begin, std::int64_t end, std::uint32_t splits) {
  v1::JobPlan plan;
  plan.add_inputs()->set_format(v1::INPUT_FORMAT_INTEGER_RANGE);
  plan.mutable_inputs(0)->set_range_begin(begin);
  plan.mutable_inputs(0)->set_range_end(end);
  plan.mutable_request()->set_splits(splits);
  return plan;
}

TEST(SplitPlanner, SplitsCoverEveryByteOfEveryFileOnceAndInOrder) {
  for (const std::uint64_t split_bytes : {1, 2, 7, 10, 99, 100, 101, 1000}) {
    v1::JobPlan plan = FilePlan(v1::INPUT_FORMAT_TEXT_LINES, split_bytes);
    AddFile(&plan, "/a", 100);
    AddFile(&plan, "/b", 1);
    AddFile(&plan, "/c", 33);
    const SplitTable table(plan);
    ASSERT_EQ(table.size(), CountSplits(plan));
    std::uint32_t next = 0;
    for (const v1::InputFile& file : plan.inputs(0).files()) {
      std::uint64_t offset = 0, shortest = 1000, longest = 0;
      while (offset < file.bytes()) {
        const v1::Split split = table.Get(next++);
        EXPECT_EQ(split.path(), file.path());
        EXPECT_EQ(split.offset(), offset);
        EXPECT_EQ(split.file_bytes(), file.bytes());
        offset += split.length();
        shortest = std::min(shortest, split.length());
        longest = std::max(longest, split.length());
      }
      EXPECT_EQ(offset, file.bytes());
      EXPECT_LE(longest, split_bytes);
      EXPECT_LE(longest - shortest, 1u);
    }
    EXPECT_EQ(next, table.size());
  }
}

TEST(SplitPlanner, FixedLengthRecordsAreNeverCut) {
  for (const std::uint64_t split_bytes : {1, 99, 100, 101, 250, 1000, 100000}) {
    v1::JobPlan plan = FilePlan(v1::INPUT_FORMAT_FIXED_RECORDS, split_bytes);
    plan.mutable_inputs(0)->set_record_bytes(100);
    AddFile(&plan, "/a", 1700);
    const SplitTable table(plan);
    std::uint64_t offset = 0;
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      const v1::Split split = table.Get(i);
      EXPECT_EQ(split.offset(), offset);
      EXPECT_EQ(split.length() % 100, 0u);
      EXPECT_GT(split.length(), 0u);
      offset += split.length();
    }
    EXPECT_EQ(offset, 1700u);
  }
}

TEST(SplitPlanner, AFileThatIsShorterThanARecordStillGetsASplitThatCanFail) {
  v1::JobPlan plan = FilePlan(v1::INPUT_FORMAT_FIXED_RECORDS, 1000);
  plan.mutable_inputs(0)->set_record_bytes(100);
  AddFile(&plan, "/a", 30);
  ASSERT_EQ(CountSplits(plan), 1u);
  EXPECT_EQ(SplitTable(plan).Get(0).length(), 30u);
}

TEST(SplitPlanner, CompressedAndWholeFilesAreOneSplitEach) {
  v1::JobPlan plan = FilePlan(v1::INPUT_FORMAT_TEXT_LINES, 10);
  AddFile(&plan, "/a.gz", 1000, v1::COMPRESSION_GZIP);
  AddFile(&plan, "/b", 20);
  ASSERT_EQ(CountSplits(plan), 3u);
  EXPECT_EQ(SplitTable(plan).Get(0).length(), 1000u);
  EXPECT_EQ(SplitTable(plan).Get(0).compression(), v1::COMPRESSION_GZIP);
  plan.mutable_inputs(0)->set_format(v1::INPUT_FORMAT_WHOLE_FILES);
  EXPECT_EQ(CountSplits(plan), 2u);
}

TEST(SplitPlanner, RangesAreCutIntoNearlyEqualParts) {
  const SplitTable table(RangePlan(-3, 8, 4));
  ASSERT_EQ(table.size(), 4u);
  std::int64_t next = -3;
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(table.Get(i).range_begin(), next);
    next = table.Get(i).range_end();
    EXPECT_THAT(next - table.Get(i).range_begin(), ::testing::AnyOf(2, 3));
  }
  EXPECT_EQ(next, 8);
}

TEST(SplitPlanner, ARangeHasNoMoreSplitsThanIntegers) {
  EXPECT_EQ(CountSplits(RangePlan(5, 8, 64)), 3u);
  EXPECT_EQ(CountSplits(RangePlan(5, 5, 64)), 0u);
}

TEST(SplitPlanner, TheLongestRangeDoesNotOverflow) {
  const std::int64_t min = std::numeric_limits<std::int64_t>::min();
  const std::int64_t max = std::numeric_limits<std::int64_t>::max();
  const SplitTable table(RangePlan(min, max, 3));
  EXPECT_EQ(table.Get(0).range_begin(), min);
  EXPECT_EQ(table.Get(0).range_end(), table.Get(1).range_begin());
  EXPECT_EQ(table.Get(1).range_end(), table.Get(2).range_begin());
  EXPECT_EQ(table.Get(2).range_end(), max);
}

TEST(SplitPlanner, AtMost32DifferentSplitsAreSampled) {
  EXPECT_EQ(CountSampledSplits(5), 5u);
  EXPECT_EQ(CountSampledSplits(1000), 32u);
  std::set<std::uint32_t> sampled;
  for (std::uint32_t i = 0; i < 32; ++i) sampled.insert(SampledSplit(i, 1000));
  EXPECT_EQ(sampled.size(), 32u);
  EXPECT_LT(*sampled.rbegin(), 1000u);
}

TEST(SplitPlanner, SplitsAreDescribedForPeople) {
  v1::Split split;
  split.set_range_begin(-1);
  split.set_range_end(7);
  EXPECT_EQ(DescribeSplit(split), "[-1, 7)");
  split.set_path("/data/a");
  split.set_offset(10);
  split.set_length(20);
  EXPECT_EQ(DescribeSplit(split), "/data/a:10+20");
}

}  // namespace
}  // namespace gristmill
