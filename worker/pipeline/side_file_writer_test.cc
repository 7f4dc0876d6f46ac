#include "worker/pipeline/side_file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "storage/test_directory.h"
#include "worker/pipeline/task_error.h"
#include "worker/pipeline/task_fixture.h"

namespace gristmill::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const TaskError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(SideFileWriter, WritesWholeFilesAndLinesBySideOutput) {
  const TestDirectory dir;
  SideFileWriter files(dir.path("attempt"), 3, 8);
  EXPECT_FALSE(std::filesystem::exists(dir.path("attempt"))) << "until something is written";
  files.WriteFile("cat.jpg", std::string_view("\0\n", 2));
  files.SideOutput("rejected").Append("one\n", 1);
  files.SideOutput("odd").Append("", 0);
  files.SideOutput("rejected").Append("two\n", 1);
  files.Close();
  files.Keep();
  EXPECT_THAT(dir.Files(), ElementsAre("attempt/cat.jpg", "attempt/odd-00003-of-00008",
                                       "attempt/rejected-00003-of-00008"));
  EXPECT_EQ(ReadFile(dir.path("attempt/rejected-00003-of-00008")), "one\ntwo\n");
  EXPECT_EQ(files.files(), 3u);
  EXPECT_EQ(files.bytes(), 10u);
}

TEST(SideFileWriter, ALoserLeavesNothing) {
  const TestDirectory dir;
  {
    SideFileWriter files(dir.path("attempt"), 0, 1);
    files.WriteFile("a", "x");
    files.SideOutput("b").Append("y", 1);
    files.Close();
  }
  EXPECT_THAT(dir.Files(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(dir.path("attempt")));
}

TEST(SideFileWriter, RefusesNamesInSentences) {
  const TestDirectory dir;
  SideFileWriter files(dir.path("attempt"), 0, 1);
  EXPECT_THAT(ErrorOf([&] { files.WriteFile("../a", ""); }),
              HasSubstr("can't write a file '../a': it holds a '/'"));
  EXPECT_THAT(ErrorOf([&] { files.SideOutput("_bad"); }), HasSubstr("begins with '.' or '_'"));
  files.WriteFile("a", "x");
  EXPECT_THAT(ErrorOf([&] { files.WriteFile("a", "y"); }), HasSubstr("wrote a file 'a' twice"));
  files.SideOutput("s");
  EXPECT_THAT(ErrorOf([&] { files.WriteFile("s-00000-of-00001", ""); }), HasSubstr("twice"));
  for (std::size_t i = 1; i < kSideOutputsMax; ++i) files.SideOutput("s" + std::to_string(i));
  EXPECT_THAT(ErrorOf([&] { files.SideOutput("more"); }), HasSubstr("has 16 side outputs"));
}

TEST(SideFileWriter, DoesNotBringBackAStagingDirectoryThatIsGone) {
  const TestDirectory dir;
  SideFileWriter files(dir.path("gone/attempt"), 0, 1);
  EXPECT_THAT(ErrorOf([&] { files.WriteFile("a", ""); }), HasSubstr("can't make the directory"));
  EXPECT_THAT(dir.Files(), IsEmpty());
}

// Tasks of the fixture's job that write files, too.
class SideFileTasks : public TaskFixture {};

TEST_F(SideFileTasks, OnlyTasksThatWriteOutputMayWriteFiles) {
  std::vector<bool> may;
  on_task = [&](const TaskInfo& info) {
    may.push_back(info.files != nullptr);
    if (info.files != nullptr) info.files->WriteFile("of-" + std::to_string(info.task), "x");
  };
  RunMaps();
  EXPECT_EQ(Run(1, 0, 8).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  const v1::TaskReport last = Run(1, 1, 9);
  EXPECT_EQ(Counters(last)["side_files"], 1u);
  EXPECT_EQ(Counters(last)["side_file_bytes"], 1u);
  may.resize(may.size() - 2);
  EXPECT_EQ(may, std::vector<bool>(may.size(), false)) << "of map tasks";
  ASSERT_TRUE(output_->Commit({AttemptId(8), AttemptId(9)}).ok());
  EXPECT_EQ(ReadFile(dir_.path("out/of-0")) + ReadFile(dir_.path("out/of-1")), "xx");
}

TEST_F(SideFileTasks, AnAttemptThatFailsLeavesNone) {
  RunMaps();
  on_task = [&](const TaskInfo& info) {
    info.files->WriteFile("a", "x");
    throw TaskError("enough");
  };
  EXPECT_EQ(Run(1, 0, 8).outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(std::filesystem::directory_iterator(output_->staging()),
              ::testing::Eq(std::filesystem::directory_iterator()));
}

}  // namespace
}  // namespace gristmill::worker
