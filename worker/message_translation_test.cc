#include "worker/message_translation.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace gristmill::worker
