// Each checker can fail: a planted bug is found, by the checker that is there for it, within the
// seeds of a unit test.
#include "simulation/sabotage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulation/simulation.h"

namespace gristmill::simulation {
namespace {

constexpr std::uint64_t kSeeds = 400;

struct Planted {
  const char* name;
  Sabotage sabotage;
  const char* faults;   // that bring it to light
  const char* finding;  // a part of the sentence
};

class PlantedBug : public testing::TestWithParam<Planted> {};

TEST_P(PlantedBug, IsFound) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Options options{
        .seed = seed, .faults = *ParseFaults(GetParam().faults), .sabotage = GetParam().sabotage};
    const std::string violation = Simulate(options).violation;
    if (violation.empty()) continue;
    EXPECT_THAT(violation, testing::HasSubstr(GetParam().finding));
    return;
  }
  FAIL() << "not within " << kSeeds << " seeds";
}

constexpr Planted kPlanted[] = {
    {"SkipFencing", Sabotage::kSkipFencing, "output,unserved,duplicate,break",
     "which did not finish it"},
    {"ForgetLostOutput", Sabotage::kForgetLostOutput, "output,unserved", "is not made again"},
    {"SpeakBeforePersisting", Sabotage::kSpeakBeforePersisting, "none",
     "before that was in the journal"},
    {"CountTwice", Sabotage::kCountTwice, "output,death", "the counters of job"},
    {"NeverRenew", Sabotage::kNeverRenew, "none", "within its lease"},
    {"OverAllocate", Sabotage::kOverAllocate, "none", "attempts on"},
    {"PromiseTooMuch", Sabotage::kPromiseTooMuch, "none", "for which it lacks something"},
    {"ReadUncommitted", Sabotage::kReadUncommitted, "none", "which did not commit"},
    {"RerunFinished", Sabotage::kRerunFinished, "crash,output,break,runner",
     "though its worker lives and nobody missed it"},
    {"ChangeWinners", Sabotage::kChangeWinners, "crash,journal", "the commit of job"},
    {"JournalForgets", Sabotage::kJournalForgets, "none", "refolded from the journal"},
    {"ForgetCommit", Sabotage::kForgetCommit, "none", "did not end within"},
    {"ForgetJobEnd", Sabotage::kForgetJobEnd, "none", "which ended"},
    {"ForgetAcknowledgement", Sabotage::kForgetAcknowledgement, "none", "did not acknowledge"},
    {"ForgetCut", Sabotage::kForgetCut, "none", "but it read"},
    {"CutTooFar", Sabotage::kCutTooFar, "none", "but it read"},
    {"MixInput", Sabotage::kMixInput, "none", "is due"},
    {"ForgetSkip", Sabotage::kForgetSkip, "task", "which was to be skipped"},
    {"SkipTooMuch", Sabotage::kSkipTooMuch, "task", "which is not bad"},
    {"SuspendInstead", Sabotage::kSuspendInstead, "client", "was suspended though nobody asked"},
    {"EndSuspended", Sabotage::kEndSuspended, "client", "a worker heard of the end of job"},
    {"BlameNext", Sabotage::kBlameNext, "task", "though it is not bad"},
};

INSTANTIATE_TEST_SUITE_P(Simulation, PlantedBug, testing::ValuesIn(kPlanted),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace gristmill::simulation
