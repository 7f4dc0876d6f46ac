#include "worker/message_translation.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <variant>

namespace gristmill::worker {
namespace {

SendReports ReportsWithMessagesOf(std::size_t bytes, std::uint64_t count) {
  SendReports reports;
  for (std::uint64_t id = 1; id <= count; ++id) {
    reports.reports.push_back({AttemptId(id), Outcome::kFailed, std::string(bytes, 'x'), nullptr});
  }
  return reports;
}

TEST(MessagesOf, SplitsReportsSoThatNoMessageIsTooLargeAndKeepsTheirOrder) {
  const auto messages = MessagesOf(ReportsWithMessagesOf(100, 25), 1'000);
  EXPECT_GE(messages.size(), 3u);
  EXPECT_LE(messages.size(), 4u);
  std::uint64_t next = 1;
  for (const v1::WorkerMessage& message : messages) {
    EXPECT_LE(message.ByteSizeLong(), 1'000u);
    for (const v1::TaskReport& report : message.reports().reports()) {
      EXPECT_EQ(report.attempt(), next++);
    }
  }
  EXPECT_EQ(next, 26u);
}

TEST(MessagesOf, SendsAReportThatIsTooLargeAlone) {
  EXPECT_EQ(MessagesOf(ReportsWithMessagesOf(2'000, 3), 1'000).size(), 3u);
}

TEST(MessagesOf, SendsFewReportsTogetherAndNothingForNone) {
  EXPECT_EQ(MessagesOf(ReportsWithMessagesOf(100, 25)).size(), 1u);
  EXPECT_TRUE(MessagesOf(SendReports{}).empty());
}

TEST(MessageOf, AHeartbeatTellsWhetherTheDiskIsShort) {
  EXPECT_TRUE(MessageOf(SendHeartbeat{{}, true}).heartbeat().short_of_disk());
  EXPECT_FALSE(MessageOf(SendHeartbeat{{}, false}).heartbeat().short_of_disk());
}

TEST(InputsOf, AJobsLimitOfTimeIsKeptShortEnoughToBeAddedToAnInstant) {
  const auto timeout_of = [](std::uint64_t ms) {
    v1::CoordinatorMessage message;
    message.mutable_job_start()->mutable_plan()->mutable_request()->set_task_timeout_ms(ms);
    return std::get<JobStarted>(InputsOf(message, {}).at(0)).task_timeout_ms;
  };
  EXPECT_EQ(timeout_of(0), 0);
  EXPECT_EQ(timeout_of(1'500), 1'500);
  EXPECT_EQ(timeout_of(UINT64_MAX), DurationMs{1} << 50);
}

}  // namespace
}  // namespace gristmill::worker
