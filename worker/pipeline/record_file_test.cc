#include "worker/pipeline/record_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gristmill/pair_codec.h"
#include "storage/test_directory.h"
#include "worker/pipeline/output_writer.h"

namespace gristmill::worker {
namespace {

using ::testing::IsEmpty;

const RecordTypes kTypes{"string", "pair<string,u64>"};

void WriteSample(const std::string& path) {
  OutputWriter writer(path, v1::OUTPUT_FORMAT_RECORD_FILE, kTypes);
  std::string block;
  AppendPair(&block, "key", "value");
  AppendPair(&block, "other key", "");
  writer.Append(block, 2);
  writer.Append(block, 2);
  writer.Finish();
}

// The bytes of all blocks, or the error.
absl::StatusOr<std::string> ReadAll(const std::string& path) {
  auto reader = RecordFileReader::Open(path);
  if (!reader.ok()) return reader.status();
  EXPECT_EQ(reader->types(), kTypes);
  std::string all, block;
  while (true) {
    const auto more = reader->NextBlock(&block);
    if (!more.ok()) return more.status();
    if (!*more) return all;
    all += block;
  }
}

TEST(RecordFile, GivesBackTypesAndPairs) {
  const TestDirectory dir;
  WriteSample(dir.path("file"));
  std::string expected;
  for (int i = 0; i < 2; ++i) {
    AppendPair(&expected, "key", "value");
    AppendPair(&expected, "other key", "");
  }
  const auto read = ReadAll(dir.path("file"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, expected);
}

TEST(RecordFile, AFileWithoutPairsIsWhole) {
  const TestDirectory dir;
  OutputWriter(dir.path("file"), v1::OUTPUT_FORMAT_RECORD_FILE, kTypes).Finish();
  const auto read = ReadAll(dir.path("file"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, "");
}

TEST(OutputWriter, TextGoesToTheFileAsItComes) {
  const TestDirectory dir;
  OutputWriter writer(dir.path("file"), v1::OUTPUT_FORMAT_TEXT, kTypes);
  writer.Append("a\t1\n", 1);
  writer.Append("b\t2\n", 1);
  writer.Finish();
  EXPECT_EQ(ReadFile(dir.path("file")), "a\t1\nb\t2\n");
  EXPECT_EQ(writer.bytes(), 8u);
}

TEST(OutputWriter, AnUnfinishedFileIsRemoved) {
  const TestDirectory dir;
  { OutputWriter(dir.path("file"), v1::OUTPUT_FORMAT_TEXT, kTypes).Append("half", 1); }
  EXPECT_THAT(dir.Files(), IsEmpty());
}

TEST(OutputWriter, WithoutAPathBytesAreOnlyCounted) {
  OutputWriter writer("", v1::OUTPUT_FORMAT_TEXT, kTypes);
  writer.Append("a\t1\n", 1);
  writer.Finish();
  EXPECT_EQ(writer.bytes(), 4u);
}

}  // namespace
}  // namespace gristmill::worker
