#include "storage/shipped_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "base/shipping_limits.h"
#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using testing::HasSubstr;

class ShippedFilesTest : public testing::Test {
 protected:
  static v1::JobRequest Request(const std::vector<LocalFile>& files) {
    v1::JobRequest request;
    for (const LocalFile& file : files) *request.add_files() = file.file;
    return request;
  }
  static std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static mode_t Mode(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }

  TestDirectory directory_;
  std::unique_ptr<BlobStore> store_ = BlobStore::Open(directory_.path("store"), {}).value();
};

TEST_F(ShippedFilesTest, LieInTheDirectoryReadOnlyUnderTheirNames) {
  const std::string words = directory_.Write("here/stopwords.txt", "the\na\n");
  const std::string tool = directory_.Write("here/tool.sh", "#!/bin/sh\n");
  chmod(tool.c_str(), 0755);
  const std::vector<LocalFile> files = {DescribeLocalFile(words, "").value(),
                                        DescribeLocalFile(tool, "renamed").value()};
  for (const LocalFile& file : files) ASSERT_TRUE(AddToStore(file, store_.get()).ok());
  const std::string made = directory_.path("job/files");
  ASSERT_TRUE(MakeFilesDirectory(Request(files), store_.get(), made).ok());
  EXPECT_EQ(Contents(made + "/stopwords.txt"), "the\na\n");
  EXPECT_EQ(Mode(made + "/stopwords.txt"), 0444u);
  EXPECT_EQ(Contents(made + "/renamed"), "#!/bin/sh\n");
  EXPECT_EQ(Mode(made + "/renamed"), 0555u);
  store_->RemoveUnused(0);  // the job goes on
  EXPECT_EQ(Contents(made + "/stopwords.txt"), "the\na\n");
}

TEST_F(ShippedFilesTest, WhatATaskWritesIntoItsFileDoesNotReachOtherJobs) {
  const LocalFile file = DescribeLocalFile(directory_.Write("model.bin", "old"), "").value();
  ASSERT_TRUE(AddToStore(file, store_.get()).ok());
  ASSERT_TRUE(MakeFilesDirectory(Request({file}), store_.get(), directory_.path("job-1")).ok());
  ASSERT_EQ(chmod(directory_.path("job-1/model.bin").c_str(), 0644), 0);
  directory_.Write("job-1/model.bin", "new");
  ASSERT_TRUE(MakeFilesDirectory(Request({file}), store_.get(), directory_.path("job-2")).ok());
  EXPECT_EQ(Contents(directory_.path("job-2/model.bin")), "old");
}

TEST_F(ShippedFilesTest, OneThatIsMissingIsNamed) {
  const LocalFile file = DescribeLocalFile(directory_.Write("model.bin", "x"), "").value();
  const absl::Status status =
      MakeFilesDirectory(Request({file}), store_.get(), directory_.path("files"));
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(Message(status), HasSubstr("'model.bin'"));
}

TEST_F(ShippedFilesTest, OneThatChangedAfterItWasDescribedIsRefused) {
  const LocalFile file = DescribeLocalFile(directory_.Write("model.bin", "old"), "").value();
  directory_.Write("model.bin", "new");
  EXPECT_TRUE(absl::IsDataLoss(AddToStore(file, store_.get())));
  EXPECT_FALSE(store_->Has(file.file.sha256()));
}

TEST_F(ShippedFilesTest, NamesAreNoPaths) {
  const std::string path = directory_.Write("model.bin", "x");
  for (const char* name : {"../model.bin", "a/b", "..", ".", "line\nbreak"}) {
    const absl::StatusOr<LocalFile> file = DescribeLocalFile(path, name);
    EXPECT_TRUE(absl::IsInvalidArgument(file.status())) << name;
    v1::JobRequest request = Request({DescribeLocalFile(path, "").value()});
    request.mutable_files(0)->set_name(name);
    EXPECT_THAT(Message(CheckShippedFiles(request)), HasSubstr("can't be named")) << name;
  }
}

TEST_F(ShippedFilesTest, DirectoriesAndWhatDoesNotExistAreRefused) {
  EXPECT_THAT(Message(DescribeLocalFile(directory_.path(), "d").status()),
              HasSubstr("is a directory"));
  EXPECT_TRUE(absl::IsNotFound(DescribeLocalFile(directory_.path("none"), "").status()));
}

TEST_F(ShippedFilesTest, RequestsAreCheckedWhoeverMadeThem) {
  const LocalFile file = DescribeLocalFile(directory_.Write("model.bin", "x"), "").value();
  EXPECT_TRUE(CheckShippedFiles(Request({file})).ok());
  EXPECT_THAT(Message(CheckShippedFiles(Request({file, file}))), HasSubstr("two files"));
  v1::JobRequest request = Request({file});
  request.mutable_files(0)->set_bytes(UINT64_MAX);
  EXPECT_THAT(Message(CheckShippedFiles(request)), HasSubstr("too large"));
  request = Request({file});
  request.mutable_files(0)->set_sha256("short");
  EXPECT_THAT(Message(CheckShippedFiles(request)), HasSubstr("SHA-256"));
  request = Request({file});
  request.set_object("other.so");
  EXPECT_THAT(Message(CheckShippedFiles(request)), HasSubstr("does not come with it"));
  std::vector<LocalFile> many(kShippedFilesMax + 1, file);
  EXPECT_THAT(Message(CheckShippedFiles(Request(many))), HasSubstr("1001 files"));
}

}  // namespace
}  // namespace gristmill
