// A split that is cut while it is read: its records come once, in order, wherever that happens.
#include "worker/pipeline/split_cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "storage/test_directory.h"
#include "worker/pipeline/block_source.h"

namespace gristmill::worker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::Lt;

constexpr int kBlocksMax = 1'000;

class CutSource : public ::testing::Test {
 protected:
  // Reads the split, asking for a cut before block `ask` (counted from zero) of every part; so are
  // the parts that are given up. Appends what was read.
  void ReadInPieces(const v1::Split& split, SourceOptions options, int ask, std::string* all) {
    SplitCut cut;
    options.cut = &cut;
    const auto source = MakeBlockSource(split, options, cancelled_);
    InputBlock block;
    int blocks = 0;
    do {
      if (blocks == ask) cut.Ask();
      ASSERT_LT(++blocks, kBlocksMax);
    } while (Take(*source, &block, all));
    if (!cut.cut_at()) return;
    ++cuts_;
    ASSERT_THAT(*cut.cut_at(), AllOf(Gt(0u), Lt(Length(split))));
    ReadInPieces(Rest(split, *cut.cut_at()), options, ask, all);
  }

  v1::Split SplitOf(const std::string& path, std::uint64_t offset, std::uint64_t length) {
    v1::Split split;
    split.set_path(path);
    split.set_offset(offset);
    split.set_length(length);
    split.set_file_bytes(std::filesystem::file_size(path));
    return split;
  }

  static v1::Split RangeOf(std::int64_t begin, std::int64_t end) {
    v1::Split split;
    split.set_range_begin(begin);
    split.set_range_end(end);
    return split;
  }

  const TestDirectory dir_;
  std::atomic<bool> cancelled_{false};
  int cuts_ = 0;

 private:
  static bool Take(InputSource& source, InputBlock* block, std::string* all) {
    if (!source.NextBlock(block)) return false;
    *all += block->bytes;
    for (std::int64_t i = block->range.begin; i < block->range.end; ++i) {
      *all += std::to_string(i) + " ";
    }
    return true;
  }
  static std::uint64_t Length(const v1::Split& split) {
    return split.path().empty() ? static_cast<std::uint64_t>(split.range_end()) -
                                      static_cast<std::uint64_t>(split.range_begin())
                                : split.length();
  }
  static v1::Split Rest(v1::Split split, std::uint64_t at) {
    if (split.path().empty()) {
      split.set_range_begin(split.range_begin() + static_cast<std::int64_t>(at));
    } else {
      split.set_offset(split.offset() + at);
      split.set_length(split.length() - at);
    }
    return split;
  }
};

TEST_F(CutSource, LinesComeOnceWhereverTheSplitIsCut) {
  for (const std::string text :
       {"a\nbb\nccc\n\n\ndddd\ne", "one\r\ntwo\r\n\r\nthree\r\n", "\n\n\n\n\n\n\n\n", "x",
        "no line end at all, however long", "\nleading\nand\nmore", "trailing\n\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb\n"}) {
    const std::string path = dir_.Write("file", text);
    for (std::uint64_t begin = 0; begin < text.size(); ++begin) {
      for (const std::size_t block_bytes : {1, 2, 3, 7}) {
        for (int ask = 0; ask < 12; ++ask) {
          SourceOptions options;
          options.record_bytes_max = 1 << 20;
          options.block_bytes = block_bytes;
          std::string whole, pieces;
          ReadInPieces(SplitOf(path, begin, text.size() - begin), options, kBlocksMax, &whole);
          ReadInPieces(SplitOf(path, begin, text.size() - begin), options, ask, &pieces);
          ASSERT_EQ(pieces, whole)
              << text << " from " << begin << ", blocks of " << block_bytes << ", asked at " << ask;
        }
      }
    }
  }
  EXPECT_GT(cuts_, 300);
}

TEST_F(CutSource, FixedRecordsAreCutBetweenRecords) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += std::to_string(100 + i);
  const std::string path = dir_.Write("file", text);
  SourceOptions options;
  options.format = v1::INPUT_FORMAT_FIXED_RECORDS;
  options.record_bytes = 3;
  options.record_bytes_max = 1 << 20;
  for (const std::size_t block_bytes : {1, 4, 9, 20}) {
    for (int ask = 0; ask < 15; ++ask) {
      options.block_bytes = block_bytes;
      std::string pieces;
      ReadInPieces(SplitOf(path, 9, text.size() - 9), options, ask, &pieces);
      ASSERT_EQ(pieces, text.substr(9)) << "blocks of " << block_bytes << ", asked at " << ask;
    }
  }
  EXPECT_GT(cuts_, 20);
}

TEST_F(CutSource, IntegersComeOnceWhereverTheirRangeIsCut) {
  SourceOptions options;
  options.format = v1::INPUT_FORMAT_INTEGER_RANGE;
  for (std::int64_t length = 1; length < 40; ++length) {
    std::string all;
    for (std::int64_t i = -7; i < length - 7; ++i) all += std::to_string(i) + " ";
    for (int ask = 0; ask < 9; ++ask) {
      std::string pieces;
      ReadInPieces(RangeOf(-7, length - 7), options, ask, &pieces);
      ASSERT_EQ(pieces, all) << length << " integers, asked at " << ask;
    }
  }
  EXPECT_GT(cuts_, 100);
}

TEST_F(CutSource, ARangeComesInEightBlocksIfItMayBeCutAndInOneIfNot) {
  SplitCut cut;
  SourceOptions options;
  options.format = v1::INPUT_FORMAT_INTEGER_RANGE;
  for (SplitCut* const may_be_cut : {static_cast<SplitCut*>(nullptr), &cut}) {
    options.cut = may_be_cut;
    const auto source = MakeBlockSource(RangeOf(INT64_MIN, INT64_MAX), options, cancelled_);
    InputBlock block;
    int blocks = 0;
    while (source->NextBlock(&block)) ++blocks;
    EXPECT_EQ(blocks, may_be_cut == nullptr ? 1 : 8);
  }
}

TEST_F(CutSource, ASplitOfWhichLittleIsLeftStaysWhole) {
  SplitCut cut;
  EXPECT_EQ(cut.Look(0, 100, 10), 100u) << "nobody asked";
  cut.Ask();
  EXPECT_EQ(cut.Look(81, 100, 10), 100u);
  EXPECT_EQ(cut.cut_at(), std::nullopt);
  EXPECT_EQ(cut.Look(10, 100, 10), 100u) << "it was asked in vain and is not asked any more";
}

TEST_F(CutSource, ASplitThatIsAskedAgainIsCutAgain) {
  SplitCut cut;
  cut.Ask();
  EXPECT_EQ(cut.Look(20, 100, 10), 60u);
  EXPECT_EQ(cut.Look(30, 60, 10), 60u);
  EXPECT_EQ(cut.done_ppm(), 500'000u);
  cut.Ask();
  EXPECT_EQ(cut.Look(40, 60, 10), 50u);
  EXPECT_EQ(cut.cut_at(), 50u);
}

TEST_F(CutSource, ACompressedFileIsNotCut) {
  SplitCut cut;
  const std::string path = dir_.path("file.gz");
  gzFile gz = ::gzopen(path.c_str(), "wb");
  ASSERT_EQ(::gzputs(gz, "a\nb\nc\nd\ne\nf\n"), 12);
  ::gzclose(gz);
  v1::Split split = SplitOf(path, 0, std::filesystem::file_size(path));
  split.set_compression(v1::COMPRESSION_GZIP);
  SourceOptions options;
  options.cut = &cut;
  options.record_bytes_max = 1 << 20;
  options.block_bytes = 1;
  cut.Ask();
  InputBlock block;
  const auto source = MakeBlockSource(split, options, cancelled_);
  std::string all;
  while (source->NextBlock(&block)) all += block.bytes;
  EXPECT_EQ(all.size(), 12u);
  EXPECT_EQ(cut.cut_at(), std::nullopt);
}

}  // namespace
}  // namespace gristmill::worker
