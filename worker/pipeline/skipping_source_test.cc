#include "worker/pipeline/skipping_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "storage/test_directory.h"

namespace gristmill::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using Blocks = std::vector<std::pair<std::uint64_t, std::string>>;  // offset, bytes

class SkippingSource : public ::testing::Test {
 protected:
  // Of a file that holds `bytes`, all of it one split.
  Blocks Read(const std::string& bytes, std::vector<std::uint64_t> offsets) {
    dir_.Write("in", bytes);
    v1::Split split;
    split.set_path(dir_.path("in"));
    split.set_length(bytes.size());
    split.set_file_bytes(bytes.size());
    options_.record_bytes_max = 1 << 20;
    const auto source = SkipRecords(MakeBlockSource(split, options_, cancelled_), options_, "/in",
                                    std::move(offsets));
    Blocks blocks;
    InputBlock block;
    while (source->NextBlock(&block)) blocks.emplace_back(block.offset, block.bytes);
    EXPECT_FALSE(source->NextBlock(&block));
    return blocks;
  }

  const TestDirectory dir_;
  SourceOptions options_;
  const std::atomic<bool> cancelled_{false};
};

TEST_F(SkippingSource, GivesWhatLiesBetweenSkippedLines) {
  EXPECT_THAT(Read("one\ntwo\r\nthree\nfour\n", {4}),
              ElementsAre(Pair(0, "one\n"), Pair(9, "three\nfour\n")));
  EXPECT_THAT(Read("one\ntwo\nthree\n", {4, 8}), ElementsAre(Pair(0, "one\n")));
}

TEST_F(SkippingSource, SkipsTheFirstAndTheLastLine) {
  EXPECT_THAT(Read("one\ntwo\nthree", {0, 8}), ElementsAre(Pair(4, "two\n")));
  EXPECT_THAT(Read("one\n\ntwo\n", {4}), ElementsAre(Pair(0, "one\n"), Pair(5, "two\n")));
  EXPECT_THAT(Read("one", {0}), IsEmpty());
}

TEST_F(SkippingSource, FindsRecordsInEveryBlock) {
  options_.block_bytes = 8;
  std::string rest;
  for (const auto& [offset, bytes] : Read("aa\nbb\ncc\ndd\nee\nff\ngg\n", {3, 9, 18})) {
    rest += bytes;
  }
  EXPECT_EQ(rest, "aa\ncc\nee\nff\n");
}

TEST_F(SkippingSource, PassesOverOffsetsOutsideOfWhatItReads) {
  EXPECT_THAT(Read("one\n", {17}), ElementsAre(Pair(0, "one\n")));
}

TEST_F(SkippingSource, SkipsFixedRecords) {
  options_.format = v1::INPUT_FORMAT_FIXED_RECORDS;
  options_.record_bytes = 3;
  EXPECT_THAT(Read("aaabbbccc", {3}), ElementsAre(Pair(0, "aaa"), Pair(6, "ccc")));
  EXPECT_THAT(Read("aaabbbccc", {0, 6}), ElementsAre(Pair(3, "bbb")));
}

TEST_F(SkippingSource, SkipsAWholeFile) {
  options_.format = v1::INPUT_FORMAT_WHOLE_FILES;
  EXPECT_THAT(Read("one\ntwo\n", {0}), IsEmpty());
}

TEST_F(SkippingSource, CutsNoRecordInTwo) {
  try {
    Read("one\ntwo\n", {5});
    FAIL() << "it read on";
  } catch (const TaskError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/in offset 5 is to be skipped, but none begins there"));
  }
}

}  // namespace
}  // namespace gristmill::worker
