#include "coordinator/rpc/log_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "base/status.h"
#include "coordinator/rpc/fake_session.h"

namespace gristmill::coordinator {
namespace {

using testing::ElementsAre;

class LogQueriesTest : public testing::Test {
 protected:
  LogQueriesTest() {
    links_.Open("a", session_);
    links_.Bind("a", WorkerId(3));
  }

  void Ask() {
    v1::ReadLog asked;
    asked.set_job(7);
    queries_.Ask(asked, WorkerId(3), links_.Find(WorkerId(3)), now_,
                 [this](absl::StatusOr<v1::LogPage> page) { answer_ = std::move(page); });
    links_.Flush();
  }
  void Answer(WorkerId worker, std::uint64_t query) {
    v1::LogRead read;
    read.set_query(query);
    read.mutable_page()->add_lines()->set_text("hello");
    queries_.OnAnswer(worker, read);
  }

  const std::shared_ptr<FakeSession> session_ = std::make_shared<FakeSession>();
  WorkerLinks links_;
  LogQueries queries_;
  Instant now_{1'000};
  std::optional<absl::StatusOr<v1::LogPage>> answer_;
};

TEST_F(LogQueriesTest, TheWorkersAnswerIsPassedOn) {
  Ask();
  EXPECT_THAT(session_->TakeSent(), ElementsAre("read log of job 7"));
  EXPECT_FALSE(answer_);
  Answer(WorkerId(3), 1);
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ((*answer_)->lines(0).text(), "hello");
  EXPECT_EQ(queries_.next_deadline(), kNever);
}

TEST_F(LogQueriesTest, AnotherWorkersAnswerCountsForNothing) {
  Ask();
  Answer(WorkerId(4), 1);
  Answer(WorkerId(3), 2);
  EXPECT_FALSE(answer_);
}

TEST_F(LogQueriesTest, AWorkerThatDoesNotAnswerIsGivenUp) {
  Ask();
  queries_.GiveUp(now_ + (LogQueries::kAnswerMs - 1), links_);
  EXPECT_FALSE(answer_);
  EXPECT_EQ(queries_.next_deadline(), now_ + LogQueries::kAnswerMs);
  queries_.GiveUp(now_ + LogQueries::kAnswerMs, links_);
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(absl::IsDeadlineExceeded(answer_->status()));
  Answer(WorkerId(3), 1);  // too late: nobody listens
}

TEST_F(LogQueriesTest, AWorkerThatGoesIsNotWaitedFor) {
  Ask();
  links_.OnClosed(session_.get());
  queries_.GiveUp(now_, links_);
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(absl::IsNotFound(answer_->status()));
}

TEST_F(LogQueriesTest, TooManyAtOnceAreRefusedAndAllEndWithTheCoordinator) {
  for (std::size_t i = 0; i < LogQueries::kWaitingMax; ++i) Ask();
  EXPECT_FALSE(answer_);
  Ask();
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(absl::IsResourceExhausted(answer_->status()));
  answer_.reset();
  queries_.Close(Unavailable("the coordinator stops"));
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(absl::IsUnavailable(answer_->status()));
}

}  // namespace
}  // namespace gristmill::coordinator
