#include "coordinator/rpc/watch_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gristmill::coordinator {
namespace {

class CountingWatcher final : public Watcher {
 public:
  void Offer(const v1::JobStatus& status, bool last) override {
    ++offers;
    ended = last;
  }
  void Close(const absl::Status& status) override { closed = true; }
  int offers = 0;
  bool ended = false;
  bool closed = false;
};

class Watching : public ::testing::Test {
 protected:
  void SetUp() override {
    hub_.Add(kJob, watcher_);
    Send(1'000);
    ASSERT_EQ(watcher_->offers, 1);
  }
  void Send(std::int64_t ms) {
    hub_.Send({ms}, [&](JobId) {
      v1::JobStatus status;
      status.set_state(state_);
      return status;
    });
  }

  static constexpr JobId kJob{1};
  WatchHub hub_;
  std::shared_ptr<CountingWatcher> watcher_ = std::make_shared<CountingWatcher>();
  v1::JobState state_ = v1::JOB_STATE_RUNNING;
};

TEST_F(Watching, ManyChangesWithinATenthOfASecondAreOneUpdate) {
  for (int i = 0; i < 50; ++i) {
    hub_.Touch(kJob);
    Send(1'001 + i);
  }
  EXPECT_EQ(watcher_->offers, 1);
  EXPECT_EQ(hub_.next_deadline(), Instant{1'100});
  Send(1'100);
  EXPECT_EQ(watcher_->offers, 2);
  EXPECT_EQ(hub_.next_deadline(), kNever);
}

TEST_F(Watching, AChangeOfTheJobsStateIsToldAtOnce) {
  hub_.TouchState(kJob);
  Send(1'001);
  EXPECT_EQ(watcher_->offers, 2);
}

TEST_F(Watching, TheFinalStateEndsTheWatch) {
  state_ = v1::JOB_STATE_FAILED;
  hub_.TouchState(kJob);
  Send(1'001);
  EXPECT_TRUE(watcher_->ended);
  EXPECT_EQ(hub_.size(), 0);
}

TEST_F(Watching, AJobWithoutNewsWaitsForNothing) {
  EXPECT_EQ(hub_.next_deadline(), kNever);
  Send(9'000);
  EXPECT_EQ(watcher_->offers, 1);
}

TEST_F(Watching, ARemovedWatcherHearsNoMore) {
  hub_.Remove(kJob, watcher_.get());
  hub_.TouchAll();
  Send(9'000);
  EXPECT_EQ(watcher_->offers, 1);
  EXPECT_EQ(hub_.size(), 0);
}

TEST_F(Watching, DroppingAJobClosesItsWatchers) {
  hub_.Drop(JobId(99), absl::NotFoundError("forgotten"));
  EXPECT_FALSE(watcher_->closed);
  hub_.Drop(kJob, absl::NotFoundError("forgotten"));
  EXPECT_TRUE(watcher_->closed);
  EXPECT_EQ(hub_.size(), 0);
  EXPECT_FALSE(hub_.closed());
}

TEST_F(Watching, ClosingTheHubClosesItsWatchers) {
  hub_.Close(absl::UnavailableError("stopping"));
  EXPECT_TRUE(watcher_->closed);
  EXPECT_TRUE(hub_.closed());
}

}  // namespace
}  // namespace gristmill::coordinator
