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
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Writes what attempt `attempt` of every partition would.
void WriteAttempts(const std::string& staging, std::uint32_t partitions, std::uint64_t attempt,
                   const std::string& contents) {
  for (std::uint32_t p = 0; p < partitions; ++p) {
    std::ofstream(AttemptFilePath(staging, p, partitions, AttemptId(attempt)))
        << contents << " " << p;
  }
}

std::string Prepare(const std::string& output, bool overwrite) {
  const auto staging = PrepareOutput(output, overwrite);
  EXPECT_TRUE(staging.ok()) << staging.status();
  return staging.ok() ? *staging : "";
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
  const std::string staging = Prepare(output, false);
  EXPECT_THAT(staging, StartsWith(output + "/_temporary/"));
  WriteAttempts(staging, 2, 7, "loser");
  WriteAttempts(staging, 2, 8, "winner");
  EXPECT_FALSE(fs::exists(output + "/part-00000-of-00002"));
  ASSERT_TRUE(CommitOutput(output, staging, {AttemptId(8), AttemptId(8)}).ok());
  EXPECT_THAT(dir.Files(), ElementsAre("deep/out/_SUCCESS", "deep/out/part-00000-of-00002",
                                       "deep/out/part-00001-of-00002"));
  EXPECT_EQ(ReadFile(output + "/part-00001-of-00002"), "winner 1");
  EXPECT_EQ(ReadFile(output + "/_SUCCESS"), "");
  EXPECT_FALSE(fs::exists(output + "/_temporary"));
}

TEST(OutputDirectory, ACommitCanBeRepeatedAfterItsEnd) {
  const TestDirectory dir;
  const std::string staging = Prepare(dir.path("out"), false);
  WriteAttempts(staging, 1, 8, "x");
  ASSERT_TRUE(CommitOutput(dir.path("out"), staging, {AttemptId(8)}).ok());
  EXPECT_TRUE(CommitOutput(dir.path("out"), staging, {AttemptId(8)}).ok());
}

TEST(OutputDirectory, AnInterruptedCommitIsCompletedByASecondCall) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  const std::string staging = Prepare(output, false);
  WriteAttempts(staging, 3, 8, "x");
  // A directory in the way of the second rename stops the commit in its middle.
  fs::create_directories(output + "/part-00001-of-00003/in-the-way");
  EXPECT_FALSE(CommitOutput(output, staging, std::vector<AttemptId>(3, AttemptId(8))).ok());
  EXPECT_TRUE(fs::exists(output + "/part-00000-of-00003"));
  EXPECT_FALSE(fs::exists(output + "/_SUCCESS"));
  fs::remove_all(output + "/part-00001-of-00003");
  EXPECT_TRUE(CommitOutput(output, staging, std::vector<AttemptId>(3, AttemptId(8))).ok());
  EXPECT_EQ(ReadFile(output + "/part-00000-of-00003"), "x 0");
  EXPECT_EQ(ReadFile(output + "/part-00002-of-00003"), "x 2");
  EXPECT_TRUE(fs::exists(output + "/_SUCCESS"));
}

TEST(OutputDirectory, ACommitInterruptedWhileItClearsUpIsCompletedByASecondCall) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  const std::string staging = Prepare(output, false);
  WriteAttempts(staging, 1, 8, "x");
  ASSERT_TRUE(CommitOutput(output, staging, {AttemptId(8)}).ok());
  dir.Write("out/_temporary/" + fs::path(staging).filename().string() + ".done/loser", "x");
  EXPECT_TRUE(CommitOutput(output, staging, {AttemptId(8)}).ok());
  EXPECT_THAT(dir.Files(), ElementsAre("out/_SUCCESS", "out/part-00000-of-00001"));
  EXPECT_FALSE(fs::exists(output + "/_temporary"));
}

TEST(OutputDirectory, ARepeatedRequestIsNotInTheWayOfItself) {
  const TestDirectory dir;
  const auto first = PrepareOutput(dir.path("out"), false, "request");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(PrepareOutput(dir.path("out"), false, "request").value_or(""), *first);
  EXPECT_TRUE(absl::IsAlreadyExists(PrepareOutput(dir.path("out"), false, "other").status()));
  WriteAttempts(*first, 1, 1, "kept");
  EXPECT_TRUE(absl::IsAlreadyExists(PrepareOutput(dir.path("out"), false, "request").status()));
}

TEST(OutputDirectory, AWinnerThatIsGoneIsAnErrorAndNothingIsRenamed) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  const std::string staging = Prepare(output, false);
  WriteAttempts(staging, 2, 8, "x");
  fs::remove(AttemptFilePath(staging, 1, 2, AttemptId(8)));
  EXPECT_TRUE(absl::IsDataLoss(CommitOutput(output, staging, {AttemptId(8), AttemptId(8)})));
  EXPECT_FALSE(fs::exists(output + "/part-00000-of-00002"));
}

TEST(OutputDirectory, OverwriteKeepsTheOldOutputUntilTheCommitAndThenReplacesAll) {
  const TestDirectory dir;
  const std::string output = dir.path("out");
  const std::string first = Prepare(output, false);
  WriteAttempts(first, 3, 1, "old");
  ASSERT_TRUE(CommitOutput(output, first, std::vector<AttemptId>(3, AttemptId(1))).ok());

  const std::string second = Prepare(output, true);
  WriteAttempts(second, 2, 5, "new");
  EXPECT_EQ(ReadFile(output + "/part-00000-of-00003"), "old 0");
  ASSERT_TRUE(CommitOutput(output, second, {AttemptId(5), AttemptId(5)}).ok());
  EXPECT_THAT(dir.Files(),
              ElementsAre("out/_SUCCESS", "out/part-00000-of-00002", "out/part-00001-of-00002"));
}

TEST(OutputDirectory, ADirectoryThatHoldsAnythingIsRefusedWithoutOverwrite) {
  const TestDirectory dir;
  dir.Write("out/part-00000-of-00001", "old");
  const auto refused = PrepareOutput(dir.path("out"), false);
  EXPECT_TRUE(absl::IsAlreadyExists(refused.status()));
  EXPECT_THAT(Message(refused.status()), HasSubstr("--overwrite"));
}

TEST(OutputDirectory, OverwriteRefusesADirectoryWithForeignFiles) {
  const TestDirectory dir;
  dir.Write("out/part-00000-of-00001", "old");
  dir.Write("out/thesis.txt", "precious");
  const auto refused = PrepareOutput(dir.path("out"), true);
  EXPECT_TRUE(absl::IsAlreadyExists(refused.status()));
  EXPECT_THAT(Message(refused.status()), HasSubstr("thesis.txt"));
}

TEST(OutputDirectory, OverwriteClearsWhatAnInterruptedJobStaged) {
  const TestDirectory dir;
  WriteAttempts(Prepare(dir.path("out"), false), 1, 1, "stale");
  EXPECT_TRUE(absl::IsAlreadyExists(PrepareOutput(dir.path("out"), false).status()));
  const std::string staging = Prepare(dir.path("out"), true);
  EXPECT_THAT(dir.Files(), IsEmpty());
  EXPECT_TRUE(fs::exists(staging));
}

TEST(OutputDirectory, FilesRelativePathsAndUnwritablePlacesAreRefused) {
  const TestDirectory dir;
  dir.Write("file", "x");
  EXPECT_TRUE(absl::IsAlreadyExists(PrepareOutput(dir.path("file"), true).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PrepareOutput("out", false).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(PrepareOutput(dir.path("a/../b"), false).status()));
  EXPECT_FALSE(PrepareOutput(dir.path("file/out"), false).ok());
  EXPECT_FALSE(PrepareOutput("/proc/out", false).ok());
}

TEST(OutputDirectory, AnAbandonedOutputLeavesNoTrace) {
  const TestDirectory dir;
  const std::string staging = Prepare(dir.path("out"), false);
  WriteAttempts(staging, 2, 1, "x");
  AbandonOutput(dir.path("out"), staging);
  EXPECT_FALSE(fs::exists(dir.path("out")));
}

TEST(OutputDirectory, AbandoningKeepsAnEarlierOutput) {
  const TestDirectory dir;
  dir.Write("out/part-00000-of-00001", "old");
  AbandonOutput(dir.path("out"), Prepare(dir.path("out"), true));
  EXPECT_THAT(dir.Files(), ElementsAre("out/part-00000-of-00001"));
}

}  // namespace
}  // namespace gristmill
