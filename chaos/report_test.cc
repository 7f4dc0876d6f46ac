#include "chaos/report.h"

#include <gtest/gtest.h>

#include "base/status.h"

namespace gristmill::chaos {
namespace {

Round MakeRound() {
  Round round;
  round.seed = 7;
  round.took_ms = 4'200;
  round.attempts = {.tasks = 68, .started = 81, .outputs_lost = 5, .copies = 3, .failed = 1};
  round.deeds = {{100, "worker 3 killed, back after 0.50 s"},
                 {1'250, "coordinator stopped for 1.20 s"}};
  ++round.counts[static_cast<std::size_t>(StrikeKind::kKillWorker)];
  ++round.counts[static_cast<std::size_t>(StrikeKind::kStopCoordinator)];
  return round;
}

TEST(Attempts, AreInterruptedIfNothingElseExplainsThem) {
  EXPECT_EQ(MakeRound().attempts.beyond(), 13u);
  EXPECT_EQ(MakeRound().attempts.interrupted(), 4u);
  const Attempts none{.tasks = 5, .started = 5, .outputs_lost = 0, .copies = 0, .failed = 0};
  EXPECT_EQ(none.interrupted(), 0u);
}

TEST(RenderRound, TellsTheOutcomeAndWhatWasDoneWhen) {
  EXPECT_EQ(RenderRound(3, MakeRound(), 100),
            "round 3, seed 7: identical after 4.2 s, 81 attempts for 68 tasks\n"
            "    0.10 worker 3 killed, back after 0.50 s; 1.25 coordinator stopped for 1.20 s\n");
}

TEST(RenderRound, BreaksLinesBetweenFaults) {
  EXPECT_EQ(RenderRound(3, MakeRound(), 60),
            "round 3, seed 7: identical after 4.2 s, 81 attempts for 68 tasks\n"
            "    0.10 worker 3 killed, back after 0.50 s;\n"
            "    1.25 coordinator stopped for 1.20 s\n");
}

TEST(RenderSummary, CountsFaultsByKindAndAttemptsByReason) {
  Report report;
  report.calm_ms = 900;
  report.rounds = {MakeRound(), MakeRound()};
  report.rounds.back().broken = Internal("the job hangs");
  EXPECT_EQ(RenderSummary(report),
            "rounds      2, of which 1 had an output identical to that of the sequential run\n"
            "job         0.9 s without faults; with them 4.2 to 4.2 s, 4.2 s at the median\n"
            "faults      4\n"
            "        2 × worker killed\n"
            "        2 × coordinator stopped\n"
            "attempts    162 for 136 tasks: 26 beyond the minimum, because\n"
            "       10 × a finished output went with its worker and was made again\n"
            "        8 × an attempt was interrupted: its worker was lost or gave it back, or it "
            "missed lost output\n"
            "        6 × a slow task was tried a second time meanwhile\n"
            "        2 × an attempt failed with a runner that was killed\n");
}

}  // namespace
}  // namespace gristmill::chaos
