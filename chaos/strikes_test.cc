#include "chaos/strikes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace gristmill::chaos {
namespace {

constexpr int kMany = 2'000;

FaultSet Only(std::string_view text) { return ParseFaults(text).value(); }

std::vector<Strike> Draw(std::uint64_t seed, const FaultSet& faults, std::uint32_t workers) {
  StrikePlan plan(seed, faults, {.workers = workers, .lease_ms = 1'000, .every_ms = 300});
  std::vector<Strike> strikes;
  for (int i = 0; i < kMany; ++i) strikes.push_back(plan.Next());
  return strikes;
}

auto Tie(const Strike& s) {
  return std::tie(s.kind, s.worker, s.other, s.one_way, s.after_ms, s.lasts_ms);
}

std::set<StrikeKind> KindsOf(const std::vector<Strike>& strikes) {
  std::set<StrikeKind> kinds;
  for (const Strike& strike : strikes) kinds.insert(strike.kind);
  return kinds;
}

TEST(StrikePlan, DrawsTheSameFromTheSameSeedAndOtherwiseFromAnother) {
  const auto once = Draw(7, FaultSet::All(), 3), again = Draw(7, FaultSet::All(), 3);
  const auto other = Draw(8, FaultSet::All(), 3);
  int different = 0;
  for (int i = 0; i < kMany; ++i) {
    EXPECT_EQ(Tie(once[i]), Tie(again[i]));
    different += Tie(once[i]) != Tie(other[i]);
  }
  EXPECT_GT(different, kMany / 2);
}

TEST(StrikePlan, DrawsEveryKindOfTheFaultsThatAreNamedAndNoOther) {
  EXPECT_EQ(KindsOf(Draw(1, FaultSet::All(), 3)).size(), kStrikeKindCount);
  EXPECT_THAT(KindsOf(Draw(1, Only("kill"), 3)),
              testing::ElementsAre(StrikeKind::kKillWorker, StrikeKind::kKillRunner));
  EXPECT_THAT(KindsOf(Draw(1, Only("coordinator"), 3)),
              testing::ElementsAre(StrikeKind::kKillCoordinator, StrikeKind::kStopCoordinator));
  EXPECT_THAT(KindsOf(Draw(1, Only("cut"), 1)),
              testing::ElementsAre(StrikeKind::kCutFromCoordinator, StrikeKind::kCutHost))
      << "one worker has no other to be cut off from";
}

TEST(StrikePlan, StrikesWorkersThatThereAreAndCutsTwoDifferentOnes) {
  std::set<std::uint32_t> workers;
  for (const Strike& strike : Draw(3, FaultSet::All(), 3)) {
    workers.insert(strike.worker);
    EXPECT_LT(strike.other, 3u);
    EXPECT_NE(strike.other, strike.worker);
  }
  EXPECT_THAT(workers, testing::ElementsAre(0, 1, 2));
}

TEST(StrikePlan, StopsAndCutsForLessThanALeaseAndForMore) {
  int shorter = 0, longer = 0;
  for (const Strike& strike : Draw(4, Only("stop,cut"), 3)) {
    EXPECT_TRUE(strike.lasts_ms <= 800 || strike.lasts_ms >= 1'200) << strike.lasts_ms;
    ++(strike.lasts_ms < 1'000 ? shorter : longer);
  }
  EXPECT_GT(shorter, kMany / 4);
  EXPECT_GT(longer, kMany / 4);
}

TEST(StrikePlan, StrikesAboutAsOftenAsItIsToldTo) {
  DurationMs sum_ms = 0;
  const auto strikes = Draw(5, FaultSet::All(), 3);
  EXPECT_LE(strikes.front().after_ms, 300);
  for (const Strike& strike : strikes) sum_ms += strike.after_ms;
  EXPECT_NEAR(static_cast<double>(sum_ms) / kMany, 300, 30);
}

TEST(ParseFaults, TakesNamesAndRefusesOthersByName) {
  EXPECT_EQ(*ParseFaults("all"), FaultSet::All());
  EXPECT_EQ(FormatFaults(*ParseFaults("coordinator,kill")), "kill,coordinator");
  EXPECT_EQ(FormatFaults(FaultSet::All()), "kill,stop,cut,coordinator");
  EXPECT_EQ(ParseFaults("kill,fire").status().message(),
            "there is no fault 'fire'; --faults takes all, or some of kill,stop,cut,coordinator");
  EXPECT_FALSE(ParseFaults("kill,").ok());
}

TEST(Describe, SaysWhomAStrikeHitsAndForHowLong) {
  Strike strike{.kind = StrikeKind::kCutFromWorker, .worker = 0, .other = 2, .lasts_ms = 1'250};
  EXPECT_EQ(Describe(strike), "worker 1 cut off from worker 3 for 1.25 s");
  strike.one_way = true;
  EXPECT_EQ(Describe(strike), "what worker 1 sends to worker 3 lost for 1.25 s");
  strike.kind = StrikeKind::kKillCoordinator;
  EXPECT_EQ(Describe(strike), "coordinator killed, back after 1.25 s");
}

}  // namespace
}  // namespace gristmill::chaos
