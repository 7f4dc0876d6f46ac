#include "storage/set_aside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/status.h"
#include "storage/output_directory.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using ::testing::HasSubstr;

class SetAside : public ::testing::Test {
 protected:
  SetAside() { plan_.add_inputs()->set_format(v1::INPUT_FORMAT_TEXT_LINES); }

  SetAsideRecord RecordAt(std::uint64_t offset, const std::string& reason = "boom") const {
    return {dir_.path("in"), compression_, offset, "map 7", reason};
  }
  std::string Records() const { return ReadFile(dir_.path("_bad/records")); }
  std::string Index() const {
    std::string index = ReadFile(dir_.path("_bad/index.tsv"));
    for (std::size_t at; (at = index.find(dir_.path("in"))) != std::string::npos;) {
      index.replace(at, dir_.path("in").size(), "IN");
    }
    return index;
  }
  absl::Status Write(const std::vector<SetAsideRecord>& records) const {
    return WriteSetAside(dir_.path("_bad"), records, plan_);
  }

  const TestDirectory dir_;
  v1::JobPlan plan_;
  v1::Compression compression_ = v1::COMPRESSION_NONE;
};

TEST_F(SetAside, KeepsLinesAsTheyAreAndTellsWhereTheyWere) {
  dir_.Write("in", "one\r\ntwo\nthree");
  ASSERT_TRUE(Write({RecordAt(0), RecordAt(9, "two\tlines\n\\")}).ok());
  EXPECT_EQ(Records(), "one\r\nthree\n");
  EXPECT_EQ(Index(), "IN\t0\t5\tmap 7\tboom\nIN\t9\t6\tmap 7\ttwo\\tlines\\n\\\\\n");
}

TEST_F(SetAside, FindsRecordsInACompressedFile) {
  const std::string path = dir_.path("in");
  gzFile file = gzopen(path.c_str(), "wb");
  const std::string filler(700'000, 'x');
  const std::string text = "one\n" + filler + "\ntwo\nthree\n";
  ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())),
            static_cast<int>(text.size()));
  gzclose(file);
  compression_ = v1::COMPRESSION_GZIP;
  ASSERT_TRUE(Write({RecordAt(0), RecordAt(4), RecordAt(700'009)}).ok());
  EXPECT_EQ(Records(), "one\n" + filler + "\nthree\n");
}

TEST_F(SetAside, KeepsFixedRecordsAndWholeFiles) {
  dir_.Write("in", "aaabbbccc");
  plan_.mutable_inputs(0)->set_format(v1::INPUT_FORMAT_FIXED_RECORDS);
  plan_.mutable_inputs(0)->set_record_bytes(3);
  ASSERT_TRUE(Write({RecordAt(3)}).ok());
  EXPECT_EQ(Records(), "bbb");
  plan_.mutable_inputs(0)->set_format(v1::INPUT_FORMAT_WHOLE_FILES);
  ASSERT_TRUE(Write({RecordAt(0)}).ok());
  EXPECT_EQ(Records(), "aaabbbccc");
  EXPECT_EQ(Index(), "IN\t0\t9\tmap 7\tboom\n");
}

TEST_F(SetAside, MissesARecordOfAFileThatGotShorter) {
  dir_.Write("in", "one\n");
  compression_ = v1::COMPRESSION_NONE;
  const absl::Status status = WriteSetAside(
      dir_.path("_bad"), {RecordAt(0), {dir_.path("gone"), compression_, 0, "map 7", ""}}, plan_);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

TEST_F(SetAside, AppearsWithTheOutputAndGoesWithTheNextJobs) {
  dir_.Write("in", "one\ntwo\n");
  const std::string output = dir_.path("out");
  StagedOutput first = StagedOutput::Prepare(output, false, "a test").value();
  ASSERT_TRUE(first.SetAside({RecordAt(4)}, plan_).ok());
  ASSERT_TRUE(first.SetAside({RecordAt(0)}, plan_).ok()) << "again, as after a restart";
  EXPECT_FALSE(std::filesystem::exists(output + "/_bad"));
  ASSERT_TRUE(first.Commit({}).ok());
  EXPECT_EQ(ReadFile(output + "/_bad/records"), "one\n");
  ASSERT_TRUE(first.SetAside({RecordAt(0)}, plan_).ok());
  ASSERT_TRUE(first.Commit({}).ok());
  EXPECT_FALSE(std::filesystem::exists(output + "/_temporary"));

  EXPECT_TRUE(absl::IsAlreadyExists(StagedOutput::Prepare(output, false, "a test").status()));
  StagedOutput second = StagedOutput::Prepare(output, true, "a test").value();
  EXPECT_TRUE(std::filesystem::exists(output + "/_bad")) << "until the other takes its place";
  ASSERT_TRUE(second.Commit({}).ok());
  EXPECT_FALSE(std::filesystem::exists(output + "/_bad"));
}

TEST_F(SetAside, AStrangersDirectoryOfThatNameIsNotReplaced) {
  dir_.Write("out/_SUCCESS", "");
  dir_.Write("out/_bad/habits", "");
  const absl::Status status = StagedOutput::Prepare(dir_.path("out"), true, "a test").status();
  EXPECT_THAT(Message(status), HasSubstr("holds '_bad', which no job wrote"));
}

}  // namespace
}  // namespace gristmill
