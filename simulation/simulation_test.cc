#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "simulation/seed_file.h"

namespace gristmill::simulation {
namespace {

constexpr std::uint64_t kSeeds = GRISTMILL_SIMULATED_SEEDS;

TEST(Simulation, HoldsUnderAllFaultsForEverySeed) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Options options{.seed = seed};
    EXPECT_EQ(Simulate(options).violation, "") << "gristmill simulate " << FlagsOf(options);
  }
}

TEST(Simulation, HoldsForEverySeedThatOnceFailed) {
  std::ifstream file(GRISTMILL_TESTDATA "/failing_seeds.txt");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto runs = ParseSeeds(text);
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_FALSE(runs->empty());
  for (const Options& options : *runs) {
    EXPECT_EQ(Simulate(options).violation, "") << "gristmill simulate " << FlagsOf(options);
  }
}

TEST(Simulation, RepeatsARunFromItsSeedAlone) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Summary first = Simulate({.seed = seed});
    const Summary second = Simulate({.seed = seed});
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_EQ(first.events, second.events);
    EXPECT_NE(first.digest, Simulate({.seed = seed + 1}).digest);
  }
}

TEST(Simulation, RunsEachTaskOnceIfNothingGoesWrong) {
  const Summary summary =
      Simulate({.seed = 1, .workers = 20, .tasks = 2'000, .faults = FaultSet::None()});
  EXPECT_EQ(summary.violation, "");
  EXPECT_EQ(summary.tasks_succeeded, 2'000u);
  EXPECT_EQ(summary.attempts, 2'000u + summary.copies);
  EXPECT_EQ(summary.workers_lost, 0u);
}

TEST(Simulation, HoldsForALargeClusterThatLosesWorkersOutputsAndItsCoordinator) {
  const Summary summary = Simulate({.seed = 1,
                                    .workers = 200,
                                    .tasks = 20'000,
                                    .faults = *ParseFaults("break,death,output,crash")});
  EXPECT_EQ(summary.violation, "");
  EXPECT_GT(summary.workers_lost, 0u);
  EXPECT_GT(summary.outputs_lost, 0u);
  EXPECT_GT(summary.coordinator_crashes, 0u);
}

TEST(Simulation, LetsTasksBeCutAndTheirPiecesToo) {
  std::uint64_t runs = 0, cuts = 0;
  constexpr std::uint64_t kTries = std::max<std::uint64_t>(kSeeds / 10, 20);
  for (std::uint64_t seed = 1; seed <= kTries; ++seed) {
    const Summary summary = Simulate({.seed = seed});
    runs += summary.cuts > 0;
    cuts += summary.cuts;
  }
  EXPECT_GT(runs, kTries / 10);
  EXPECT_GT(cuts, 3 * runs);
}

TEST(Simulation, LetsRecordsBeSkipped) {
  std::uint64_t skips = 0;
  constexpr std::uint64_t kTries = std::max<std::uint64_t>(kSeeds / 10, 20);
  for (std::uint64_t seed = 1; seed <= kTries; ++seed) skips += Simulate({.seed = seed}).skips;
  EXPECT_GT(skips, kTries / 4);
}

TEST(Simulation, LetsJobsBeSuspendedOfWhichSomeAreResumed) {
  std::uint64_t suspended = 0, resumed = 0;
  constexpr std::uint64_t kTries = std::max<std::uint64_t>(kSeeds / 10, 50);
  for (std::uint64_t seed = 1; seed <= kTries; ++seed) {
    const Summary summary = Simulate({.seed = seed});
    suspended += summary.suspended;
    resumed += summary.resumed;
  }
  EXPECT_GT(resumed, kTries / 10);
  EXPECT_GT(suspended, resumed);
}

TEST(Simulation, LetsEveryKindOfFaultComeUp) {
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    FaultSet faults;
    faults.Insert(static_cast<Fault>(i));
    std::uint64_t same = 0;
    constexpr std::uint64_t kTries = std::max<std::uint64_t>(kSeeds / 50, 2);
    for (std::uint64_t seed = 1; seed <= kTries; ++seed) {
      const Summary with = Simulate({.seed = seed, .faults = faults});
      EXPECT_EQ(with.violation, "") << NameOf(static_cast<Fault>(i));
      same += with.digest == Simulate({.seed = seed, .faults = FaultSet::None()}).digest;
    }
    EXPECT_LT(same, kTries) << NameOf(static_cast<Fault>(i)) << " changes nothing";
  }
}

TEST(SeedFile, ReadsWhatItWrites) {
  FaultSet faults;
  faults.Insert(Fault::kCrash);
  faults.Insert(Fault::kOutput);
  const Options options{.seed = 7, .workers = 3, .tasks = 40, .faults = faults};
  const auto runs = ParseSeeds("# a comment\n\n" + SeedLine(options, "job 1 did not end"));
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(FlagsOf(runs->front()), "--seed 7 --workers 3 --tasks 40 --faults output,crash");
}

TEST(SeedFile, NamesTheLineThatIsNoRun) {
  EXPECT_EQ(ParseSeeds("--seed 7\n--sed 8\n").status().message(),
            "'--sed 8' is not a run; write it as --seed 7 --faults all");
  EXPECT_FALSE(ParseSeeds("--seed x").ok());
  EXPECT_FALSE(ParseSeeds("--seed").ok());
}

TEST(Faults, AreNamed) {
  EXPECT_EQ(FormatFaults(FaultSet::All()), "all");
  EXPECT_EQ(FormatFaults(FaultSet::None()), "none");
  EXPECT_EQ(FormatFaults(*ParseFaults("clock,delay")), "delay,clock");
  EXPECT_FALSE(ParseFaults("delay,thunder").ok());
}

}  // namespace
}  // namespace gristmill::simulation
