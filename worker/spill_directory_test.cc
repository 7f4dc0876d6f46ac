#include "worker/spill_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"
#include "storage/test_directory.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::worker {
namespace {

namespace fs = std::filesystem;

class SpillDirectoryTest : public testing::Test {
 protected:
  std::unique_ptr<SpillDirectory> Make(const std::string& instance) {
    auto made = SpillDirectory::Create(parent_, instance);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  static void Touch(const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "x";
  }

  const TestDirectory directory_;
  const std::string parent_ = directory_.path("spill");
};

TEST_F(SpillDirectoryTest, IsPrivateAndGoesWithItsWorker) {
  auto spill = Make("a");
  EXPECT_EQ(spill->path(), fs::canonical(parent_).string() + "/worker-a");
  struct stat info {};
  ASSERT_EQ(stat(spill->path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  Touch(JobSpillDirectory(spill->path(), 7) + "/some.runs");
  spill.reset();
  EXPECT_TRUE(fs::is_empty(parent_));
}

TEST_F(SpillDirectoryTest, WhatADeadWorkerLeftIsRemovedAndALiveOneIsLeftAlone) {
  const auto alive = Make("alive");
  Touch(alive->path() + "/job-1/x.runs");
  {  // As a killed process leaves it: a lock file that nobody locks.
    const auto dead = Make("dead");
    fs::copy(dead->path(), parent_ + "/copy", fs::copy_options::recursive);
  }
  fs::rename(parent_ + "/copy", parent_ + "/worker-dead");
  Touch(parent_ + "/worker-dead/job-1/x.runs");
  const auto next = Make("next");
  EXPECT_FALSE(fs::exists(parent_ + "/worker-dead"));
  EXPECT_TRUE(fs::exists(alive->path() + "/job-1/x.runs"));
}

TEST_F(SpillDirectoryTest, WhatAnotherHostLeftOnASharedFileSystemIsNotTouched) {
  Touch(parent_ + "/worker-other/job-1/x.runs");
  std::ofstream(parent_ + "/worker-other/lock") << "another.example";
  const auto next = Make("next");
  EXPECT_TRUE(fs::exists(parent_ + "/worker-other/job-1/x.runs"));
}

TEST_F(SpillDirectoryTest, TheFilesOfAJobAreGoneAtOnceAndThoseOfOthersStay) {
  const auto spill = Make("a");
  Touch(spill->path() + "/job-7/x.runs");
  Touch(spill->path() + "/job-70/x.runs");
  spill->DeleteJob(JobId(7));
  spill->DeleteJob(JobId(8));
  EXPECT_FALSE(fs::exists(spill->path() + "/job-7"));
  EXPECT_TRUE(fs::exists(spill->path() + "/job-70/x.runs"));
  spill->DeleteAllJobs();
  EXPECT_FALSE(fs::exists(spill->path() + "/job-70"));
}

TEST_F(SpillDirectoryTest, OnlyTheFilesOfTheNamedAttemptsAreDeleted) {
  const auto spill = Make("a");
  const std::string doomed = RunFilePath(spill->path(), 7, 1, 3, 19);
  const std::string kept = RunFilePath(spill->path(), 7, 1, 3, 190);
  Touch(doomed);
  Touch(doomed + ".partial");
  Touch(kept);
  spill->DeleteAttempts(JobId(7), {AttemptId(19), AttemptId(21)});
  EXPECT_FALSE(fs::exists(doomed));
  EXPECT_FALSE(fs::exists(doomed + ".partial"));
  EXPECT_TRUE(fs::exists(kept));
}

TEST_F(SpillDirectoryTest, ADirectoryThatCannotBeMadeIsRefusedWithASentence) {
  const std::string file = directory_.path("file");
  Touch(file);
  for (const std::string& directory : {file, file + "/below", std::string("/proc/nowhere")}) {
    const auto made = SpillDirectory::Create(directory, "a");
    ASSERT_FALSE(made.ok()) << directory;
    EXPECT_THAT(Message(made.status()), testing::HasSubstr("'" + directory))
        << Message(made.status());
    EXPECT_THAT(Message(made.status()), testing::HasSubstr("--dir"));
  }
  EXPECT_THAT(Message(SpillDirectory::Create("", "a").status()), testing::HasSubstr("--dir"));
}

}  // namespace
}  // namespace gristmill::worker
