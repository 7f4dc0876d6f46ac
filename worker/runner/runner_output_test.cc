#include "worker/runner/runner_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace gristmill::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RunnerOutputTest : public testing::Test {
 protected:
  std::vector<std::string> Logged() { return std::exchange(lines_, {}); }
  std::size_t LoggedBytes() {
    std::size_t bytes = 0;
    for (const std::string& line : Logged()) bytes += line.size();
    return bytes;
  }

  std::vector<std::string> lines_;
  Instant now_{1'000};
  RunnerOutput output_{[this](std::string_view line) { lines_.emplace_back(line); }, now_};
};

TEST_F(RunnerOutputTest, LinesAreLoggedWhenTheyAreWhole) {
  output_.Take("one\ntw", now_);
  EXPECT_THAT(Logged(), ElementsAre("one"));
  output_.Take("o\n\nthree", now_);
  EXPECT_THAT(Logged(), ElementsAre("two", ""));
  output_.End();
  EXPECT_THAT(Logged(), ElementsAre("three"));
  EXPECT_EQ(output_.tail(), "one\ntwo\n\nthree");
}

TEST_F(RunnerOutputTest, ALineThatIsTooLongIsCut) {
  const std::string part(RunnerOutput::kLineBytesMax, 'x');
  output_.Take(part + "\n" + part + "end\n", now_);
  EXPECT_THAT(Logged(), ElementsAre(part, part, "end"));
}

TEST_F(RunnerOutputTest, OfTheTextOnlyTheEndIsKept) {
  output_.Take(std::string(3'000, 'a'), now_);
  output_.Take(std::string(3'000, 'b'), now_);
  EXPECT_EQ(output_.tail(),
            std::string(RunnerOutput::kTailBytesMax - 3'000, 'a') + std::string(3'000, 'b'));
  output_.Take(std::string(100'000, 'c'), now_);
  EXPECT_EQ(output_.tail(), std::string(RunnerOutput::kTailBytesMax, 'c'));
}

TEST_F(RunnerOutputTest, AFloodIsCountedInsteadOfLoggedButForItsEnd) {
  const std::string line = std::string(99, 'x') + "\n";
  for (int i = 0; i < 100'000; ++i) output_.Take(line, now_);
  const std::size_t logged = Logged().size();
  EXPECT_GT(logged * line.size(), RunnerOutput::kLogBytesBurst / 2);
  EXPECT_LE(logged * line.size(), RunnerOutput::kLogBytesBurst);
  output_.Take("why it ends\n", now_);
  output_.End();
  const std::vector<std::string> end = Logged();
  const std::size_t lines = RunnerOutput::kTailBytesMax / line.size();
  ASSERT_THAT(end, SizeIs(2 + lines));
  EXPECT_EQ(end.front(),
            "… " + std::to_string(100 * (100'000 - logged - lines)) + " bytes not logged");
  EXPECT_EQ(end[1], std::string(99, 'x'));
  EXPECT_EQ(end.back(), "why it ends");
}

TEST_F(RunnerOutputTest, AfterAFloodTheLogGoesOnAndTellsWhatIsMissing) {
  for (int i = 0; i < 10; ++i) output_.Take(std::string(100'000, '\n'), now_);
  Logged();
  now_ = now_ + 1'000;
  output_.Take("lost\n", now_);
  EXPECT_THAT(Logged(), IsEmpty()) << "it waits until more than a line may be logged";
  now_ = now_ + 60'000;
  output_.Take("heard\n", now_);
  const std::vector<std::string> lines = Logged();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], testing::EndsWith(" bytes not logged"));
  EXPECT_EQ(lines[1], "heard");
}

TEST_F(RunnerOutputTest, AFloodWithoutEndIsLoggedAtATrickle) {
  const std::string line = std::string(99, 'x') + "\n";
  std::size_t bytes = 0;
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 1'000; ++i) output_.Take(line, now_);
    now_ = now_ + 1'000;
    bytes += LoggedBytes();
  }
  EXPECT_LE(bytes, RunnerOutput::kLogBytesBurst + 600 * RunnerOutput::kLogBytesPerSecond);
}

}  // namespace
}  // namespace gristmill::worker
