#include "worker/runner/runner_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gristmill::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class RunnerLogTest : public testing::Test {
 protected:
  static std::string Message(const LogOrigin& origin, std::string_view text) {
    std::string message(reinterpret_cast<const char*>(&origin), sizeof origin);
    return message.append(text);
  }
  auto Kept() { return std::exchange(kept_, {}); }

  std::vector<std::string> logged_;
  std::vector<std::pair<std::uint64_t, std::string>> kept_;
  Instant now_{1'000};
  RunnerLog log_{[this](const LogOrigin&, std::string_view line) { logged_.emplace_back(line); },
                 [this](const LogOrigin& origin, std::string_view line) {
                   kept_.emplace_back(origin.attempt, line);
                 },
                 now_};
};

TEST_F(RunnerLogTest, LinesOfAttemptsThatWriteAtTheSameTimeStayWhole) {
  log_.TakeMessage(Message({17, 0, 1}, "sev"), now_);
  log_.TakeMessage(Message({18, 0, 2}, "eight"), now_);
  log_.TakeMessage(Message({17, 0, 1}, "enteen\n"), now_);
  log_.TakeMessage(Message({18, 0, 2}, "een\n"), now_);
  log_.Take("of nobody\n", now_);
  EXPECT_THAT(Kept(),
              ElementsAre(Pair(17, "seventeen"), Pair(18, "eighteen"), Pair(0, "of nobody")));
  EXPECT_THAT(logged_, ElementsAre("seventeen", "eighteen", "of nobody"));
}

TEST_F(RunnerLogTest, TheEndOfAnAttemptEndsItsLine) {
  log_.TakeMessage(Message({17, 0, 1}, "no line end"), now_);
  EXPECT_THAT(Kept(), IsEmpty());
  log_.TakeMessage(Message({17, 0, 1}, ""), now_);
  EXPECT_THAT(Kept(), ElementsAre(Pair(17, "no line end")));
  log_.TakeMessage(Message({18, 0, 1}, "nor here"), now_);
  log_.End();
  EXPECT_THAT(Kept(), ElementsAre(Pair(18, "nor here")));
  EXPECT_EQ(log_.tail(), "no line endnor here");
}

TEST_F(RunnerLogTest, AnAttemptThatFloodsTakesNothingFromAnother) {
  for (int i = 0; i < 10'000; ++i) {
    log_.TakeMessage(Message({17, 0, 1}, std::string(99, 'x') + "\n"), now_);
  }
  Kept();
  log_.TakeMessage(Message({18, 0, 2}, "heard\n"), now_);
  EXPECT_THAT(Kept(), ElementsAre(Pair(18, "heard")));
  EXPECT_LE(logged_.size() * 100, static_cast<std::size_t>(RunnerOutput::kLogBytesBurst))
      << "the worker's log has its own limit";
}

TEST_F(RunnerLogTest, WhatIsNoMessageIsPassedOver) {
  log_.TakeMessage("short", now_);
  log_.TakeMessage(Message({0, 0, 0}, "no attempt\n"), now_);
  EXPECT_THAT(Kept(), IsEmpty());
}

}  // namespace
}  // namespace gristmill::worker
