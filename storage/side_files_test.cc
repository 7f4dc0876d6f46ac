#include "storage/side_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/commit_retries.h"
#include "storage/output_directory.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint32_t kTasks = 2;
const std::vector<AttemptId> kWinners = {AttemptId(8), AttemptId(9)};

// The staged output `out`, of which every task's winner wrote its part.
StagedOutput PrepareWithParts(const TestDirectory& dir, bool overwrite = false) {
  StagedOutput staged = StagedOutput::Prepare(dir.path("out"), overwrite, "a test").value();
  for (std::uint32_t task = 0; task < kTasks; ++task) {
    std::ofstream(AttemptFilePath(staged.staging(), task, kTasks, kWinners[task])) << "part";
  }
  return staged;
}

void WriteBeside(const StagedOutput& staged, std::uint32_t task, std::uint64_t attempt,
                 const std::string& name, const std::string& contents) {
  const std::string directory =
      AttemptFilesDirectory(staged.staging(), task, kTasks, AttemptId(attempt));
  fs::create_directory(directory);
  std::ofstream(directory + "/" + name) << contents;
}

TEST(SideFiles, NamesArePlainAndClashWithNothingOfTheOutput) {
  for (const char* const name :
       {"cat.jpg", "rejected-00003-of-00008", "größe", "a b", "-", "a..b"}) {
    EXPECT_EQ(WhyNoSideFile(name), "") << name;
  }
  for (const char* const name : {"", ".", "..", ".hidden", "_SUCCESS", "_temporary", "_files",
                                 "a/b", "/a", "../a", "part-00000-of-00001", "a\nb", "\xff"}) {
    EXPECT_NE(WhyNoSideFile(name), "") << name;
  }
  EXPECT_EQ(WhyNoSideFile(std::string(255, 'n')), "");
  EXPECT_NE(WhyNoSideFile(std::string(256, 'n')), "");
  EXPECT_EQ(SideOutputFileName("rejected", 3, 8), "rejected-00003-of-00008");
}

TEST(SideFiles, ComeWithTheWinnersAndAreListed) {
  const TestDirectory dir;
  StagedOutput staged = PrepareWithParts(dir);
  WriteBeside(staged, 0, 8, "b", "of the winner");
  WriteBeside(staged, 0, 7, "b", "of a loser");
  WriteBeside(staged, 0, 7, "only-of-a-loser", "x");
  WriteBeside(staged, 1, 9, "a", "x");
  EXPECT_FALSE(fs::exists(dir.path("out/b")));
  ASSERT_TRUE(staged.Commit(kWinners).ok());
  EXPECT_THAT(dir.Files(), ElementsAre("out/_SUCCESS", "out/_files", "out/a", "out/b",
                                       "out/part-00000-of-00002", "out/part-00001-of-00002"));
  EXPECT_EQ(ReadFile(dir.path("out/b")), "of the winner");
  EXPECT_EQ(ReadFile(dir.path("out/_files")), "gristmill files 1\na\nb\n");
  EXPECT_FALSE(fs::exists(dir.path("out/_temporary")));
  EXPECT_TRUE(staged.Commit(kWinners).ok()) << "it may be repeated";
}

TEST(SideFiles, OneNameOfTwoTasksFailsTheCommitForGoodAndRenamesNothing) {
  const TestDirectory dir;
  StagedOutput staged = PrepareWithParts(dir);
  WriteBeside(staged, 0, 8, "cat.jpg", "one");
  WriteBeside(staged, 1, 9, "cat.jpg", "another");
  const absl::Status status = staged.Commit(kWinners);
  EXPECT_THAT(Message(status), HasSubstr("tasks 0 and 1 both wrote a file 'cat.jpg'"));
  EXPECT_EQ(CommitRetries({}).WaitAfter(status), std::nullopt);
  EXPECT_FALSE(fs::exists(dir.path("out/cat.jpg")));
  EXPECT_FALSE(fs::exists(dir.path("out/part-00000-of-00002")));
}

TEST(SideFiles, WhatNoAttemptCouldWriteIsRefused) {
  const TestDirectory dir;
  StagedOutput staged = PrepareWithParts(dir);
  WriteBeside(staged, 1, 9, "_SUCCESS", "x");
  EXPECT_THAT(Message(staged.Commit(kWinners)), HasSubstr("task 1 left a file '_SUCCESS'"));
}

// A directory in the way stops the commit at each of its renames in turn; the next call completes
// it.
TEST(SideFiles, ACommitThatWasInterruptedAnywhereIsCompletedByTheNext) {
  for (const char* const stops_at :
       {"_files", "a", "b", "c", "part-00000-of-00002", "part-00001-of-00002", "_SUCCESS"}) {
    SCOPED_TRACE(stops_at);
    const TestDirectory dir;
    StagedOutput staged = PrepareWithParts(dir);
    WriteBeside(staged, 0, 8, "a", "1");
    WriteBeside(staged, 0, 8, "c", "3");
    WriteBeside(staged, 1, 9, "b", "2");
    const std::string obstacle = dir.path(std::string("out/") + stops_at);
    fs::create_directories(obstacle + "/in-the-way");
    EXPECT_FALSE(staged.Commit(kWinners).ok());
    EXPECT_FALSE(fs::is_regular_file(dir.path("out/_SUCCESS")));
    fs::remove_all(obstacle);
    // As a coordinator would that was started again.
    const std::string staging = staged.staging();
    { const StagedOutput gone = std::move(staged); }
    ASSERT_TRUE(StagedOutput::Reopen(dir.path("out"), staging, "a test")->Commit(kWinners).ok());
    EXPECT_THAT(dir.Files(), ElementsAre("out/_SUCCESS", "out/_files", "out/a", "out/b", "out/c",
                                         "out/part-00000-of-00002", "out/part-00001-of-00002"));
    EXPECT_EQ(ReadFile(dir.path("out/a")) + ReadFile(dir.path("out/b")), "12");
  }
}

TEST(SideFiles, OverwriteReplacesThoseOfTheEarlierJobAndNoOthers) {
  const TestDirectory dir;
  StagedOutput first = PrepareWithParts(dir);
  WriteBeside(first, 0, 8, "kept", "old");
  WriteBeside(first, 0, 8, "gone", "old");
  ASSERT_TRUE(first.Commit(kWinners).ok());

  StagedOutput second = PrepareWithParts(dir, true);
  WriteBeside(second, 1, 9, "kept", "new");
  EXPECT_EQ(ReadFile(dir.path("out/gone")), "old") << "until the commit";
  ASSERT_TRUE(second.Commit(kWinners).ok());
  EXPECT_EQ(ReadFile(dir.path("out/kept")), "new");
  EXPECT_FALSE(fs::exists(dir.path("out/gone")));

  StagedOutput third = PrepareWithParts(dir, true);
  ASSERT_TRUE(third.Commit(kWinners).ok());
  EXPECT_THAT(dir.Files(),
              ElementsAre("out/_SUCCESS", "out/part-00000-of-00002", "out/part-00001-of-00002"));

  dir.Write("out/thesis.txt", "precious");
  EXPECT_TRUE(
      absl::IsAlreadyExists(StagedOutput::Prepare(dir.path("out"), true, "a test").status()));
}

TEST(SideFiles, AListThatNoJobWroteMakesNothingReplaceable) {
  for (const char* const list : {"thesis.txt\n", "gristmill files 1\n../thesis.txt\n", ""}) {
    const TestDirectory dir;
    dir.Write("out/_files", list);
    dir.Write("out/thesis.txt", "precious");
    EXPECT_FALSE(ReadFileList(dir.path("out/_files")).ok());
    EXPECT_TRUE(
        absl::IsAlreadyExists(StagedOutput::Prepare(dir.path("out"), true, "a test").status()));
  }
  EXPECT_THAT(*ReadFileList("/no/such/list"), IsEmpty());
}

}  // namespace
}  // namespace gristmill
