#include "storage/input_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The names of the files found, relative to the test's directory; or the error's sentence.
std::vector<std::string> Find(const TestDirectory& directory,
                              const std::vector<std::string>& inputs) {
  std::vector<std::string> paths;
  for (const std::string& input : inputs) paths.push_back(directory.path(input));
  const auto found = FindInputFiles(paths);
  if (!found.ok()) return {Message(found.status())};
  std::vector<std::string> names;
  for (const v1::InputFile& file : *found) {
    names.push_back(file.path().substr(directory.path().size() + 1));
  }
  return names;
}

TEST(InputFiles, DirectoriesAreReadRecursivelyWithoutHiddenNames) {
  const TestDirectory dir;
  for (const char* name :
       {"in/b", "in/a", "in/sub/c", "in/.hidden", "in/_SUCCESS", "in/_tmp/x", "in/.git/y"}) {
    dir.Write(name, "x");
  }
  EXPECT_THAT(Find(dir, {"in"}), ElementsAre("in/a", "in/b", "in/sub/c"));
  EXPECT_THAT(Find(dir, {"in/"}), ElementsAre("in/a", "in/b", "in/sub/c"));
}

TEST(InputFiles, ArgumentsKeepTheirOrderAndEachFileComesOnce) {
  const TestDirectory dir;
  for (const char* name : {"b", "a1", "a2"}) dir.Write(name, "x");
  EXPECT_THAT(Find(dir, {"b", "a*", "a1", "./b"}), ElementsAre("b", "a1", "a2"));
}

TEST(InputFiles, GlobsLeaveOutUnderscoreNamesUnlessTheyNameThem) {
  const TestDirectory dir;
  for (const char* name : {"out/part-0", "out/_log"}) dir.Write(name, "x");
  EXPECT_THAT(Find(dir, {"out/*"}), ElementsAre("out/part-0"));
  EXPECT_THAT(Find(dir, {"out/_*"}), ElementsAre("out/_log"));
  EXPECT_THAT(Find(dir, {"o*"}), ElementsAre("out/part-0"));
}

TEST(InputFiles, AnExistingNameWithBracketsIsNoGlob) {
  const TestDirectory dir;
  dir.Write("a[1]", "x");
  dir.Write("a1", "x");
  EXPECT_THAT(Find(dir, {"a[1]"}), ElementsAre("a[1]"));
}

TEST(InputFiles, CompressionIsToldByTheFirstBytes) {
  const TestDirectory dir;
  dir.Write("gzip", "\x1f\x8b\x08 rest");
  dir.Write("plain.gz", "hello");
  dir.Write("zstd", "\x28\xb5\x2f\xfd rest");
  const auto files = FindInputFiles({dir.path()});
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].compression(), v1::COMPRESSION_GZIP);
  EXPECT_EQ((*files)[1].compression(), v1::COMPRESSION_NONE);
  EXPECT_EQ((*files)[1].bytes(), 5u);
  EXPECT_EQ((*files)[2].compression(), v1::COMPRESSION_ZSTD);
}

TEST(InputFiles, EmptyFilesAreKeptOut) {
  const TestDirectory dir;
  dir.Write("empty", "");
  dir.Write("full", "x");
  EXPECT_THAT(Find(dir, {"empty", "full"}), ElementsAre("full"));
  EXPECT_THAT(Find(dir, {"empty"}), IsEmpty());
}

TEST(InputFiles, WhatCannotBeReadIsRefusedByName) {
  const TestDirectory dir;
  std::filesystem::create_directory(dir.path("void"));
  ASSERT_EQ(::mkfifo(dir.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(Find(dir, {"nowhere"}), ElementsAre(HasSubstr("nowhere' does not exist")));
  EXPECT_THAT(Find(dir, {"no*"}), ElementsAre(HasSubstr("no file matches")));
  EXPECT_THAT(Find(dir, {"void"}), ElementsAre(HasSubstr("holds no file")));
  EXPECT_THAT(Find(dir, {"pipe"}), ElementsAre(HasSubstr("not a regular file")));
  EXPECT_TRUE(absl::IsInvalidArgument(FindInputFiles({"relative"}).status()));
  EXPECT_TRUE(absl::IsNotFound(FindInputFiles({dir.path("nowhere")}).status()));
}

TEST(InputFiles, AFileWithoutReadPermissionIsPermissionDenied) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TestDirectory dir;
  ASSERT_EQ(::chmod(dir.Write("secret", "x").c_str(), 0), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(FindInputFiles({dir.path("secret")}).status()));
}

TEST(InputFiles, MoreFilesThanAJobMayReadAreRefused) {
  const TestDirectory dir;
  for (const char* name : {"in/a", "in/b", "in/c", "d"}) dir.Write(name, "x");
  EXPECT_TRUE(FindInputFiles({dir.path("in")}, 3).ok());
  EXPECT_TRUE(FindInputFiles({dir.path("in"), dir.path("in/a")}, 3).ok());
  for (const auto& inputs : {std::vector{dir.path()}, std::vector{dir.path("in"), dir.path("d")}}) {
    const absl::Status refused = FindInputFiles(inputs, 3).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_THAT(Message(refused), HasSubstr("the job reads more than 3 files; join them"));
  }
}

TEST(InputFiles, BracesThatStandForTooManyNamesAreRefusedBeforeTheyAreExpanded) {
  const TestDirectory dir;
  dir.Write("ac", "x");
  EXPECT_THAT(Find(dir, {"{a,b}{c,d}"}), ElementsAre("ac"));
  std::string bomb;
  for (int i = 0; i < 40; ++i) bomb += "{a,b}";
  EXPECT_THAT(Find(dir, {bomb}), ElementsAre(HasSubstr("stand for more than 10000 names")));
}

TEST(InputFiles, ANameThatIsNotUtf8IsRefused) {
  const TestDirectory dir;
  dir.Write("bad\xff", "x");
  EXPECT_TRUE(absl::IsInvalidArgument(FindInputFiles({dir.path()}).status()));
}

}  // namespace
}  // namespace gristmill
