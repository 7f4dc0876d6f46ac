#include "coordinator/skipping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Skipping : public ::testing::Test {
 protected:
  Skipping() {
    plan_.mutable_request()->set_split_bytes(100);
    plan_.mutable_request()->set_skip_bad_records(3);
    plan_.add_inputs()->set_format(v1::INPUT_FORMAT_TEXT_LINES);
    v1::InputFile& file = *input().add_files();
    file.set_path("/in/a");
    file.set_bytes(200);
    plan_.add_stages()->set_kind(v1::STAGE_KIND_MAP);
    plan_.add_stages()->set_kind(v1::STAGE_KIND_REDUCE);
  }

  v1::InputPlan& input() { return *plan_.mutable_inputs(0); }

  // Of a task of the first split, or as far as it reads that.
  std::optional<InputRecord> RecordAt(std::uint64_t offset, std::uint32_t stage = 0,
                                      TaskPart part = {}) const {
    v1::TaskReport report;
    report.set_bad_record(offset);
    return BadRecordOf(report, plan_, SplitTable(plan_), stage, part);
  }

  v1::JobPlan plan_;
};

TEST_F(Skipping, ARecordLiesInItsTasksSplit) {
  EXPECT_EQ(RecordAt(0), (InputRecord{"/in/a", 0}));
  EXPECT_EQ(RecordAt(99), (InputRecord{"/in/a", 99}));
  EXPECT_EQ(RecordAt(100), std::nullopt);
  EXPECT_EQ(RecordAt(99, 0, {.planned = 1}), std::nullopt);
  EXPECT_EQ(RecordAt(60, 0, {.begin = 50}), (InputRecord{"/in/a", 60}));
  EXPECT_EQ(RecordAt(40, 0, {.begin = 50}), std::nullopt);
  EXPECT_EQ(RecordAt(0, 1), std::nullopt) << "of a reduce task";
}

TEST_F(Skipping, ARecordBeginsWhereOneCan) {
  input().set_format(v1::INPUT_FORMAT_FIXED_RECORDS);
  input().set_record_bytes(10);
  EXPECT_TRUE(RecordAt(90).has_value());
  EXPECT_FALSE(RecordAt(91).has_value());
  input().set_format(v1::INPUT_FORMAT_WHOLE_FILES);
  EXPECT_TRUE(RecordAt(0).has_value());
  EXPECT_FALSE(RecordAt(1).has_value());
  input().set_format(v1::INPUT_FORMAT_TEXT_LINES);
  input().mutable_files(0)->set_compression(v1::COMPRESSION_GZIP);
  EXPECT_TRUE(RecordAt(5'000).has_value()) << "of the decompressed file";
}

TEST_F(Skipping, NoRecordIsNamedOfAJobThatSkipsNone) {
  plan_.mutable_request()->clear_skip_bad_records();
  EXPECT_FALSE(RecordAt(0).has_value());
}

TEST_F(Skipping, AnAttemptIsToldWhatToSkipOfItsSplit) {
  const SkippedRecords skipped = {{{"/in/a", 10}, {}},
                                  {{"/in/a", 100}, {}},
                                  {{"/in/a", 199}, {}},
                                  {{"/in/a", 200}, {}},
                                  {{"/in/b", 150}, {}}};
  v1::TaskAssignment assignment;
  assignment.mutable_split()->set_path("/in/a");
  assignment.mutable_split()->set_offset(100);
  assignment.mutable_split()->set_length(100);
  TellSkips(skipped, &assignment);
  EXPECT_THAT(assignment.skip_offsets(), ElementsAre(100, 199));
  assignment.clear_skip_offsets();
  assignment.mutable_split()->set_path("/in/b");
  assignment.mutable_split()->set_compression(v1::COMPRESSION_ZSTD);
  TellSkips(skipped, &assignment);
  EXPECT_THAT(assignment.skip_offsets(), ElementsAre(150));
  v1::TaskAssignment reduce;
  TellSkips(skipped, &reduce);
  EXPECT_THAT(reduce.skip_offsets(), IsEmpty());
}

TEST_F(Skipping, WhatIsSetAsideKnowsItsFileAndTask) {
  input().mutable_files(0)->set_compression(v1::COMPRESSION_GZIP);
  const auto records = SetAsideOf({{{"/in/a", 10}, {0, 4, "boom"}}}, plan_);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].path, "/in/a");
  EXPECT_EQ(records[0].compression, v1::COMPRESSION_GZIP);
  EXPECT_EQ(records[0].task, "map 4");
  EXPECT_EQ(records[0].reason, "boom");
}

}  // namespace
}  // namespace gristmill::coordinator
