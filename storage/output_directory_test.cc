#include "storage/output_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Writes what attempt `attempt` of every partition would.
void WriteAttempts(const std::string& staging, std::uint32_t partitions, std::uint64_t attempt,
                   const std::string& contents) {
  for (std::uint32_t p = 0; p < partitions; ++p) {
    std::ofstream(AttemptFilePath(staging, p, partitions, AttemptId(attempt)))
        << contents << " " << p;
  }
}

absl::StatusOr<StagedOutput> TryPrepare(const std::string& output, bool overwrite,
                                        const std::string& request_id = "") {
  return StagedOutput::Prepare(output, overwrite, "a test", request_id);
}

StagedOutput Prepare(const std::string& output, bool overwrite) {
  return TryPrepare(output, overwrite).value();
}

TEST(OutputDirectory, PartitionFilesHaveFiveDigitsOrMore) {
  EXPECT_EQ(PartitionFileName(3, 16), "part-00003-of-00016");
  EXPECT_EQ(PartitionFileName(123456, 1234567), "part-123456-of-1234567");
  EXPECT_EQ(AttemptFilePath("/o/_temporary/t", 0, 4, AttemptId(17)),
            "/o/_temporary/t/part-00000-of-00004.attempt-17");
}

TEST(OutputDirectory, NothingShowsUntilTheCommitAndThenOnlyWinners) {
  const TestDirectory dir;
  const std::string output = dir.path("deep/out");
  StagedOutput staged = Prepare(output, false);
  EXPECT_THAT(staged.staging(), StartsWith(output + "/_temporary/"));
  WriteAttempts(staged.staging(), 2, 7, "loser");
  WriteAttempts(staged.staging(), 2, 8, "winner");
  EXPECT_FALSE(fs::exists(output + "/part-00000-of-00002"));
  ASSERT_TRUE(staged.Commit({AttemptId(8), AttemptId(8)}).ok());
  EXPECT_THAT(dir.Files(), ElementsAre("deep/out/_SUCCESS", "deep/out/part-00000-of-00002",
                                       "deep/out/part-00001-of-00002"));
  EXPECT_EQ(ReadFile(output + "/part-00001-of-00002"), "winner 1");
  EXPECT_EQ(ReadFile(output + "/_SUCCESS"), "");
  EXPECT_FALSE(fs::exists(output + "/_temporary"));
}

TEST(OutputDirectory, AWinnerThatIsLeftOutIsAMissingFileAndIsNamed) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  StagedOutput staged = Prepare(output, false);
  WriteAttempts(staged.staging(), 2, 8, "winner");
  ASSERT_TRUE(staged.NameFailedTasks("map 0\n").ok());
  ASSERT_TRUE(staged.Commit({AttemptId(), AttemptId(8)}).ok());
  EXPECT_THAT(dir.Files(),
              ElementsAre("out/_SUCCESS", "out/_failed_tasks", "out/part-00001-of-00002"));
  EXPECT_EQ(ReadFile(output + "/_failed_tasks"), "map 0\n");
  EXPECT_TRUE(staged.Commit({AttemptId(), AttemptId(8)}).ok()) << "repeated after its end";
  // A job that takes its place leaves nothing of that.
  StagedOutput next = Prepare(output, true);
  WriteAttempts(next.staging(), 1, 9, "next");
  ASSERT_TRUE(next.Commit({AttemptId(9)}).ok());
  EXPECT_THAT(dir.Files(), ElementsAre("out/_SUCCESS", "out/part-00000-of-00001"));
}

TEST(OutputDirectory, ACheckMakesNothing) {
  const TestDirectory dir;
  EXPECT_TRUE(StagedOutput::Check(dir.path("deep/out"), false).ok());
  EXPECT_THAT(dir.Files(), ElementsAre());
  dir.Write("full/mine", "x");
  EXPECT_TRUE(absl::IsAlreadyExists(StagedOutput::Check(dir.path("full"), false)));
  const StagedOutput other = Prepare(dir.path("busy"), false);
  EXPECT_TRUE(absl::IsAlreadyExists(StagedOutput::Check(dir.path("busy"), false)));
}

TEST(OutputDirectory, ACommitCanBeRepeatedAfterItsEnd) {
  const TestDirectory dir;
  StagedOutput staged = Prepare(dir.path("out"), false);
  WriteAttempts(staged.staging(), 1, 8, "x");
  ASSERT_TRUE(staged.Commit({AttemptId(8)}).ok());
  EXPECT_TRUE(staged.Commit({AttemptId(8)}).ok());
}

TEST(OutputDirectory, AnInterruptedCommitIsCompletedByASecondCall) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  StagedOutput staged = Prepare(output, false);
  WriteAttempts(staged.staging(), 3, 8, "x");
  // A directory in the way of the second rename stops the commit in its middle.
  fs::create_directories(output + "/part-00001-of-00003/in-the-way");
  EXPECT_FALSE(staged.Commit(std::vector<AttemptId>(3, AttemptId(8))).ok());
  EXPECT_TRUE(fs::exists(output + "/part-00000-of-00003"));
  EXPECT_FALSE(fs::exists(output + "/_SUCCESS"));
  fs::remove_all(output + "/part-00001-of-00003");
  EXPECT_TRUE(staged.Commit(std::vector<AttemptId>(3, AttemptId(8))).ok());
  EXPECT_EQ(ReadFile(output + "/part-00000-of-00003"), "x 0");
  EXPECT_EQ(ReadFile(output + "/part-00002-of-00003"), "x 2");
  EXPECT_TRUE(fs::exists(output + "/_SUCCESS"));
}

TEST(OutputDirectory, ACommitInterruptedWhileItClearsUpIsCompletedByASecondCall) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  StagedOutput staged = Prepare(output, false);
  WriteAttempts(staged.staging(), 1, 8, "x");
  ASSERT_TRUE(staged.Commit({AttemptId(8)}).ok());
  dir.Write("out/_temporary/" + fs::path(staged.staging()).filename().string() + ".done/loser",
            "x");
  EXPECT_TRUE(staged.Commit({AttemptId(8)}).ok());
  EXPECT_THAT(dir.Files(), ElementsAre("out/_SUCCESS", "out/part-00000-of-00001"));
  EXPECT_FALSE(fs::exists(output + "/_temporary"));
}

TEST(OutputDirectory, ARepeatedRequestIsNotInTheWayOfItself) {
  const TestDirectory dir;
  const std::string first = TryPrepare(dir.path("out"), false, "request").value().staging();
  {
    const StagedOutput second = TryPrepare(dir.path("out"), false, "request").value();
    EXPECT_EQ(second.staging(), first);
  }
  EXPECT_TRUE(absl::IsAlreadyExists(TryPrepare(dir.path("out"), false, "other").status()));
  WriteAttempts(first, 1, 1, "kept");
  EXPECT_TRUE(absl::IsAlreadyExists(TryPrepare(dir.path("out"), false, "request").status()));
}

TEST(OutputDirectory, WhatAJobIsWritingIsRefusedToOthersUnderEveryName) {
  const TestDirectory dir;
  fs::create_directory_symlink(dir.path(), dir.path("alias"));
  StagedOutput staged = Prepare(dir.path("out"), false);
  staged.SetOwner("job 7");
  WriteAttempts(staged.staging(), 1, 1, "x");
  for (const char* name : {"out", "alias/out"}) {
    for (const bool overwrite : {false, true}) {
      const auto refused = TryPrepare(dir.path(name), overwrite);
      EXPECT_TRUE(absl::IsAlreadyExists(refused.status())) << refused.status();
      EXPECT_THAT(Message(refused.status()), HasSubstr("is being written by job 7;")) << name;
    }
  }
  EXPECT_TRUE(staged.Commit({AttemptId(1)}).ok());
  EXPECT_TRUE(TryPrepare(dir.path("alias/out"), true).ok());
}

TEST(OutputDirectory, WhatAnOwnerLeftCanBeReopenedCommittedAndThenOverwritten) {
  const TestDirectory dir;
  const std::string staging = Prepare(dir.path("out"), false).staging();
  WriteAttempts(staging, 1, 1, "x");
  {
    StagedOutput again = StagedOutput::Reopen(dir.path("out"), staging, "job 7").value();
    EXPECT_TRUE(absl::IsAlreadyExists(TryPrepare(dir.path("out"), true).status()));
    EXPECT_TRUE(again.Commit({AttemptId(1)}).ok());
  }
  EXPECT_THAT(dir.Files(), ElementsAre("out/_SUCCESS", "out/part-00000-of-00001"));
  // Its owner may die between the commit and the word of it.
  EXPECT_TRUE(
      StagedOutput::Reopen(dir.path("out"), staging, "job 7").value().Commit({AttemptId(1)}).ok());
}

TEST(OutputDirectory, WhatIsAnothersByNowCanNotBeReopened) {
  const TestDirectory dir;
  const std::string staging = Prepare(dir.path("out"), false).staging();
  const StagedOutput other = Prepare(dir.path("out"), true);
  EXPECT_TRUE(
      absl::IsAlreadyExists(StagedOutput::Reopen(dir.path("out"), staging, "job 7").status()));
  EXPECT_TRUE(fs::exists(other.staging()));
}

TEST(OutputDirectory, AWinnerThatIsGoneIsAnErrorAndNothingIsRenamed) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  StagedOutput staged = Prepare(output, false);
  WriteAttempts(staged.staging(), 2, 8, "x");
  fs::remove(AttemptFilePath(staged.staging(), 1, 2, AttemptId(8)));
  EXPECT_TRUE(absl::IsDataLoss(staged.Commit({AttemptId(8), AttemptId(8)})));
  EXPECT_FALSE(fs::exists(output + "/part-00000-of-00002"));
}

TEST(OutputDirectory, OverwriteKeepsTheOldOutputUntilTheCommitAndThenReplacesAll) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  StagedOutput first = Prepare(output, false);
  WriteAttempts(first.staging(), 3, 1, "old");
  ASSERT_TRUE(first.Commit(std::vector<AttemptId>(3, AttemptId(1))).ok());

  StagedOutput second = Prepare(output, true);
  WriteAttempts(second.staging(), 2, 5, "new");
  EXPECT_EQ(ReadFile(output + "/part-00000-of-00003"), "old 0");
  ASSERT_TRUE(second.Commit({AttemptId(5), AttemptId(5)}).ok());
  EXPECT_THAT(dir.Files(),
              ElementsAre("out/_SUCCESS", "out/part-00000-of-00002", "out/part-00001-of-00002"));
}

TEST(OutputDirectory, ADirectoryThatHoldsAnythingIsRefusedWithoutOverwrite) {
  const TestDirectory dir;
  dir.Write("out/part-00000-of-00001", "old");
  const auto refused = TryPrepare(dir.path("out"), false);
  EXPECT_TRUE(absl::IsAlreadyExists(refused.status()));
  EXPECT_THAT(Message(refused.status()), HasSubstr("--overwrite"));
}

TEST(OutputDirectory, OverwriteRefusesADirectoryWithForeignFiles) {
  const TestDirectory dir;
  dir.Write("out/part-00000-of-00001", "old");
  dir.Write("out/thesis.txt", "precious");
  const auto refused = TryPrepare(dir.path("out"), true);
  EXPECT_TRUE(absl::IsAlreadyExists(refused.status()));
  EXPECT_THAT(Message(refused.status()), HasSubstr("thesis.txt"));
}

TEST(OutputDirectory, OverwriteClearsWhatAnInterruptedJobStaged) {
  const TestDirectory dir;
  WriteAttempts(Prepare(dir.path("out"), false).staging(), 1, 1, "stale");
  EXPECT_TRUE(absl::IsAlreadyExists(TryPrepare(dir.path("out"), false).status()));
  StagedOutput staged = Prepare(dir.path("out"), true);
  EXPECT_THAT(dir.Files(), ElementsAre("out/_temporary/_LOCK"));
  EXPECT_TRUE(fs::exists(staged.staging()));
}

TEST(OutputDirectory, FilesRelativePathsAndUnwritablePlacesAreRefused) {
  const TestDirectory dir;
  dir.Write("file", "x");
  EXPECT_TRUE(absl::IsAlreadyExists(TryPrepare(dir.path("file"), true).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TryPrepare("out", false).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(TryPrepare(dir.path("a/../b"), false).status()));
  EXPECT_FALSE(TryPrepare(dir.path("file/out"), false).ok());
  EXPECT_FALSE(TryPrepare("/proc/out", false).ok());
}

TEST(OutputDirectory, AnAbandonedOutputLeavesNoTrace) {
  const TestDirectory dir;
  StagedOutput staged = Prepare(dir.path("out"), false);
  WriteAttempts(staged.staging(), 2, 1, "x");
  staged.Abandon();
  EXPECT_FALSE(fs::exists(dir.path("out")));
}

TEST(OutputDirectory, AbandoningKeepsAnEarlierOutput) {
  const TestDirectory dir;
  dir.Write("out/part-00000-of-00001", "old");
  Prepare(dir.path("out"), true).Abandon();
  EXPECT_THAT(dir.Files(), ElementsAre("out/part-00000-of-00001"));
}

}  // namespace
}  // namespace gristmill
