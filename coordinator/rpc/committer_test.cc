#include "coordinator/rpc/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "absl/synchronization/notification.h"
#include "storage/test_directory.h"

namespace gristmill::coordinator {
namespace {

using ::testing::HasSubstr;

class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest() {
    plan_->mutable_request()->set_output(temp_.path("out"));
    StagedOutput output = StagedOutput::Prepare(temp_.path("out"), false, "a test").value();
    plan_->set_staging_directory(output.staging());
    std::ofstream(AttemptFilePath(plan_->staging_directory(), 0, 1, AttemptId(1))) << "x";
    std::filesystem::create_directories(obstacle_ + "/in-the-way");
  }
  void Commit(Committer& committer) { committer.Commit(JobId(1), plan_, {{AttemptId(1)}, {}}); }
  void Take(OutputCommitted done) {
    done_ = std::move(done);
    reported_.Notify();
  }

  absl::Status Overwrite() const {
    return StagedOutput::Prepare(temp_.path("out"), true, "a stranger").status();
  }

  const TestDirectory temp_;
  const std::string obstacle_ = temp_.path("out/part-00000-of-00001");
  std::shared_ptr<v1::JobPlan> plan_ = std::make_shared<v1::JobPlan>();
  std::optional<OutputCommitted> done_;
  absl::Notification reported_;
};

TEST_F(CommitterTest, TriesACommitThatFailsAgain) {
  Committer committer([this](OutputCommitted done) { Take(std::move(done)); }, {1, 1, 60'000});
  Commit(committer);
  std::filesystem::remove_all(obstacle_);
  reported_.WaitForNotification();
  EXPECT_TRUE(done_->ok) << done_->message;
}

TEST_F(CommitterTest, NamesTheStagingDirectoryOfACommitThatFailsForGood) {
  Committer committer([this](OutputCommitted done) { Take(std::move(done)); }, {1, 1, 0});
  Commit(committer);
  reported_.WaitForNotification();
  EXPECT_FALSE(done_->ok);
  EXPECT_THAT(done_->message,
              HasSubstr("the finished files are in '" + plan_->staging_directory() + "'"));
  EXPECT_TRUE(std::filesystem::exists(plan_->staging_directory()));
}

TEST_F(CommitterTest, StopsWaitingWithoutAReport) {
  Committer committer([this](OutputCommitted done) { Take(std::move(done)); },
                      {3'600'000, 3'600'000, 36'000'000});
  Commit(committer);
  committer.Stop();
  EXPECT_FALSE(done_.has_value());
}

TEST_F(CommitterTest, KeepsOthersOutOfWhatItReclaimedUntilItIsCommitted) {
  std::filesystem::remove_all(obstacle_);
  Committer committer([this](OutputCommitted done) { Take(std::move(done)); });
  committer.Reclaim(JobId(7), plan_);
  const std::string lock = temp_.path("out/_temporary/_LOCK");
  while (ReadFile(lock).find("job 7") == std::string::npos) std::this_thread::yield();
  EXPECT_TRUE(absl::IsAlreadyExists(Overwrite()));
  EXPECT_THAT(std::string(Overwrite().message()), HasSubstr("job 7 of the coordinator"));
  Commit(committer);
  reported_.WaitForNotification();
  EXPECT_TRUE(done_->ok) << done_->message;
  EXPECT_TRUE(Overwrite().ok());
}

}  // namespace
}  // namespace gristmill::coordinator
