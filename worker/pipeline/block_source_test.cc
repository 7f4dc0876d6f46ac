#include "worker/pipeline/block_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>

#include "storage/split_planner.h"
#include "storage/test_directory.h"

namespace gristmill::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::JobPlan PlanFor(const std::string& path, std::uint64_t split_bytes, v1::InputFormat format) {
  v1::JobPlan plan;
  plan.add_inputs()->set_format(format);
  plan.mutable_request()->set_split_bytes(split_bytes);
  v1::InputFile* const file = plan.mutable_inputs(0)->add_files();
  file->set_path(path);
  file->set_bytes(std::filesystem::file_size(path));
  return plan;
}

SourceOptions Lines(std::size_t block_bytes = kInputBlockBytes) {
  SourceOptions options;
  options.record_bytes_max = 1 << 20;
  options.block_bytes = block_bytes;
  return options;
}

// The bytes of all blocks; checks that each block says where it is in `file`.
std::string ReadAll(InputSource& source, const std::string& file = "") {
  std::string all;
  InputBlock block;
  while (source.NextBlock(&block)) {
    EXPECT_FALSE(block.bytes.empty());
    if (!file.empty()) {
      EXPECT_EQ(file.substr(block.offset, block.bytes.size()), block.bytes);
    }
    all += block.bytes;
  }
  EXPECT_FALSE(source.NextBlock(&block));
  return all;
}

std::string Error(const v1::Split& split, const SourceOptions& options,
                  const std::atomic<bool>& cancelled) {
  try {
    ReadAll(*MakeBlockSource(split, options, cancelled));
  } catch (const TaskError& error) {
    return error.what();
  }
  return "no error";
}

class BlockSource : public ::testing::Test {
 protected:
  const TestDirectory dir_;
  std::atomic<bool> cancelled_{false};

  v1::Split WholeSplit(const std::string& path) {
    return SplitTable(PlanFor(path, 1 << 30, v1::INPUT_FORMAT_TEXT_LINES)).Get(0);
  }
};

TEST_F(BlockSource, EachLineBelongsToExactlyTheSplitInWhichItStarts) {
  for (const std::string text : {"a\nbb\nccc\n\n\ndddd\ne", "one\r\ntwo\r\n\r\nthree\r\n", "\n\n\n",
                                 "x", "no line end at all", "\nleading", "trailing\n\n",
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nb\n"}) {
    const std::string path = dir_.Write("file", text);
    for (std::uint64_t split_bytes = 1; split_bytes <= text.size() + 1; ++split_bytes) {
      const SplitTable table(PlanFor(path, split_bytes, v1::INPUT_FORMAT_TEXT_LINES));
      for (const std::size_t block_bytes : {1, 2, 3, 7, 1000}) {
        std::string all;
        for (std::uint32_t i = 0; i < table.size(); ++i) {
          const v1::Split split = table.Get(i);
          const std::string part =
              ReadAll(*MakeBlockSource(split, Lines(block_bytes), cancelled_), text);
          if (!part.empty()) {
            const std::size_t begin = all.size();  // where the part must lie in the text
            EXPECT_GE(begin, split.offset());
            EXPECT_LT(begin, split.offset() + split.length());
          }
          all += part;
        }
        ASSERT_EQ(all, text) << "splits of " << split_bytes << ", blocks of " << block_bytes;
      }
    }
  }
}

TEST_F(BlockSource, BlocksOfALargeFileAreWholeLines) {
  std::string text;
  for (int i = 0; text.size() < (5u << 20); ++i) text += std::string(i % 300, 'x') + "\n";
  const std::string path = dir_.Write("file", text);
  const auto source = MakeBlockSource(WholeSplit(path), Lines(), cancelled_);
  std::string all;
  InputBlock block;
  while (source->NextBlock(&block)) {
    EXPECT_EQ(block.bytes.back(), '\n');
    EXPECT_LE(block.bytes.size(), 2 * kInputBlockBytes);
    all += block.bytes;
  }
  EXPECT_TRUE(all == text);
}

TEST_F(BlockSource, ALineAsLongAsTheLimitPassesAndALongerOneIsNamed) {
  SourceOptions options = Lines(16);
  options.record_bytes_max = 1000;
  const std::string longest(999, 'x');
  const std::string good = dir_.Write("good", "a\n" + longest + "\nb\n");
  EXPECT_EQ(Error(WholeSplit(good), options, cancelled_), "no error");
  const std::string bad = dir_.Write("bad", "a\n" + longest + "xxxx\nb\n");
  EXPECT_THAT(Error(WholeSplit(bad), options, cancelled_),
              HasSubstr("the line at " + bad + ":2 is longer than 1000 B; raise --memory"));
}

TEST_F(BlockSource, ALongLineOfTheSplitBeforeIsSkippedWithoutKeepingIt) {
  SourceOptions options = Lines(16);
  options.record_bytes_max = 100;
  const std::string path = dir_.Write("file", std::string(5000, 'x') + "\nb\n");
  v1::Split split = WholeSplit(path);
  split.set_offset(10);
  split.set_length(split.length() - 10);
  EXPECT_EQ(ReadAll(*MakeBlockSource(split, options, cancelled_)), "b\n");
}

TEST_F(BlockSource, AFileThatChangedSinceItWasPlannedIsRefused) {
  const std::string path = dir_.Write("file", "one\ntwo\n");
  const v1::Split split = WholeSplit(path);
  dir_.Write("file", "one\ntwo\nthree\n");
  EXPECT_THAT(Error(split, Lines(), cancelled_), HasSubstr("changed since the job was submitted"));
  std::filesystem::remove(path);
  EXPECT_THAT(Error(split, Lines(), cancelled_), HasSubstr("can't open '" + path));
}

TEST_F(BlockSource, AFileThatShrinksWhileItIsReadIsRefused) {
  const std::string path = dir_.Write("file", std::string(3 << 20, '\n'));
  const auto source = MakeBlockSource(WholeSplit(path), Lines(), cancelled_);
  InputBlock block;
  ASSERT_TRUE(source->NextBlock(&block));
  std::filesystem::resize_file(path, 100);
  EXPECT_THROW(ReadAll(*source), TaskError);
}

TEST_F(BlockSource, CancellationStopsReading) {
  const std::string path = dir_.Write("file", std::string(3 << 20, '\n'));
  const auto source = MakeBlockSource(WholeSplit(path), Lines(), cancelled_);
  InputBlock block;
  ASSERT_TRUE(source->NextBlock(&block));
  cancelled_ = true;
  EXPECT_THROW(source->NextBlock(&block), TaskCancelled);
}

TEST_F(BlockSource, FixedRecordsComeWholeFromEverySplit) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::string(7, static_cast<char>('a' + i % 26));
  const std::string path = dir_.Write("file", text);
  for (const std::uint64_t split_bytes : {1, 7, 20, 100, 10000}) {
    v1::JobPlan plan = PlanFor(path, split_bytes, v1::INPUT_FORMAT_FIXED_RECORDS);
    plan.mutable_inputs(0)->set_record_bytes(7);
    const SplitTable table(plan);
    SourceOptions options = Lines(50);
    options.format = v1::INPUT_FORMAT_FIXED_RECORDS;
    options.record_bytes = 7;
    std::string all;
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      const auto source = MakeBlockSource(table.Get(i), options, cancelled_);
      InputBlock block;
      while (source->NextBlock(&block)) {
        EXPECT_EQ(block.bytes.size() % 7, 0u);
        all += block.bytes;
      }
    }
    EXPECT_EQ(all, text);
  }
}

TEST_F(BlockSource, AFileThatIsNoMultipleOfTheRecordLengthIsRefused) {
  SourceOptions options = Lines();
  options.format = v1::INPUT_FORMAT_FIXED_RECORDS;
  options.record_bytes = 7;
  EXPECT_THAT(Error(WholeSplit(dir_.Write("file", "0123456789")), options, cancelled_),
              HasSubstr("has 10 bytes, which is no multiple of the record length 7"));
}

TEST_F(BlockSource, AWholeFileIsOneBlockUpToTheLimit) {
  SourceOptions options = Lines();
  options.format = v1::INPUT_FORMAT_WHOLE_FILES;
  const std::string text(300000, 'x');
  const std::string path = dir_.Write("file", text);
  const auto source = MakeBlockSource(WholeSplit(path), options, cancelled_);
  InputBlock block;
  ASSERT_TRUE(source->NextBlock(&block));
  EXPECT_TRUE(block.bytes == text);
  EXPECT_FALSE(source->NextBlock(&block));
  options.record_bytes_max = text.size() - 1;
  EXPECT_THAT(Error(WholeSplit(path), options, cancelled_), HasSubstr("the file at " + path));
}

TEST_F(BlockSource, CompressedFilesAreReadInEveryFormat) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += std::to_string(i) + "\n";
  const std::string path = dir_.path("file.gz");
  gzFile gz = ::gzopen(path.c_str(), "wb");
  ASSERT_EQ(::gzwrite(gz, text.data(), static_cast<unsigned>(text.size())),
            static_cast<int>(text.size()));
  ::gzclose(gz);
  v1::Split split = WholeSplit(path);
  split.set_compression(v1::COMPRESSION_GZIP);
  SourceOptions options = Lines();
  options.record_bytes_max = 10 << 20;
  EXPECT_TRUE(ReadAll(*MakeBlockSource(split, options, cancelled_), text) == text);
  options.format = v1::INPUT_FORMAT_WHOLE_FILES;
  EXPECT_TRUE(ReadAll(*MakeBlockSource(split, options, cancelled_), text) == text);
  options.format = v1::INPUT_FORMAT_FIXED_RECORDS;
  options.record_bytes = static_cast<std::uint32_t>(text.size() / 10);
  EXPECT_EQ(Error(split, options, cancelled_),
            text.size() % 10 == 0 ? "no error"
                                  : "'" + path + "' has " + std::to_string(text.size()) +
                                        " bytes, which is no multiple of the record length " +
                                        std::to_string(text.size() / 10));
}

TEST_F(BlockSource, ARangeIsOneBlock) {
  v1::Split split;
  split.set_range_begin(-5);
  split.set_range_end(5);
  SourceOptions options;
  options.format = v1::INPUT_FORMAT_INTEGER_RANGE;
  const auto source = MakeBlockSource(split, options, cancelled_);
  InputBlock block;
  ASSERT_TRUE(source->NextBlock(&block));
  EXPECT_EQ(block.range, (IntegerRange{-5, 5}));
  EXPECT_FALSE(source->NextBlock(&block));
}

TEST_F(BlockSource, ASampleIsWholeLinesFromAllOverTheSplit) {
  // A sixty-fourth of the split, at most 1 MiB and at least 64 KiB.
  for (const auto& [text_bytes, sample_bytes] : {std::pair{96u << 20, 1u << 20},
                                                 {64u << 20, 1u << 20},
                                                 {8u << 20, 128u << 10},
                                                 {4u << 20, 64u << 10},
                                                 {100u << 10, 64u << 10}}) {
    std::string text;
    for (int i = 0; text.size() < text_bytes; ++i) text += "line " + std::to_string(i) + "\n";
    const std::string path = dir_.Write("file", text);
    const std::string sample =
        ReadAll(*MakeSampledSource(WholeSplit(path), Lines(), cancelled_), text);
    EXPECT_NEAR(static_cast<double>(sample.size()), sample_bytes, 1000) << text_bytes;
    EXPECT_TRUE(sample.starts_with("line 0\n"));
    EXPECT_EQ(sample.back(), '\n');
    const std::size_t last = sample.rfind("line ");
    const int last_line = std::stoi(sample.substr(last + 5));
    const auto lines_total = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_GT(last_line, lines_total * 15 / 16);
  }
}

TEST_F(BlockSource, ASmallSplitIsSampledWhole) {
  const std::string text = "one\ntwo\nthree";
  const std::string path = dir_.Write("file", text);
  EXPECT_EQ(ReadAll(*MakeSampledSource(WholeSplit(path), Lines(), cancelled_)), text);
}

TEST_F(BlockSource, ARangeIsSampledInSixteenPlaces) {
  v1::Split split;
  split.set_range_begin(0);
  split.set_range_end(16 * 64 * 10);
  SourceOptions options;
  options.format = v1::INPUT_FORMAT_INTEGER_RANGE;
  const auto source = MakeSampledSource(split, options, cancelled_);
  InputBlock block;
  std::vector<std::int64_t> begins;
  while (source->NextBlock(&block)) {
    EXPECT_EQ(block.range.end - block.range.begin, 10);
    begins.push_back(block.range.begin);
  }
  EXPECT_EQ(begins.size(), 16u);
  EXPECT_EQ(begins.back(), 15 * 640);
}

}  // namespace
}  // namespace gristmill::worker
