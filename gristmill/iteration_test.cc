// Iterate of gristmill/chain.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "gristmill/chain.h"
#include "gristmill/testing.h"

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::Pair;

// One-dimensional: centres move to the mean of what is next to them.
struct Seed {
  static constexpr std::string_view kName = "seed";
  using Key = std::uint32_t;
  using Value = std::int64_t;
  void Map(std::string_view line, Emitter<Seed>& out) {
    const std::int64_t value = std::stoll(std::string(line));
    out.Emit(value < 5 ? 0 : 1, value);
  }
  static Value Combine(Value a, Value b) { return std::min(a, b); }
};
struct Move {
  static constexpr std::string_view kName = "move";
  using Key = std::uint32_t;
  using Value = std::pair<std::int64_t, std::uint64_t>;
  using OutputValue = std::int64_t;
  using Parsed = std::int64_t;
  using Centres = std::vector<std::pair<std::uint32_t, std::int64_t>>;

  void Begin(const Centres& centres) { centres_ = centres; }
  static Parsed Parse(std::string_view line) { return std::stoll(std::string(line)); }
  void Map(const Parsed& value, Emitter<Move>& out) {
    const auto nearest =
        std::min_element(centres_.begin(), centres_.end(), [value](const auto& a, const auto& b) {
          return std::abs(a.second - value) < std::abs(b.second - value);
        });
    out.Emit(nearest->first, Value(value, 1));
    out.context().Count("assigned");
  }
  static Value Combine(Value a, Value b) { return {a.first + b.first, a.second + b.second}; }
  void Reduce(std::uint32_t centre, Values<Move>& values, Output<Move>& out) {
    Value sum;
    for (const Value& value : values) sum = Combine(sum, value);
    out.Emit(centre, sum.first / static_cast<std::int64_t>(sum.second));
  }
  Centres centres_;
};
struct Centres {
  static constexpr std::string_view kName = "centres";
  static constexpr std::string_view kSummary = "two centres of numbers";
  void Declare(Params& params) { params.Add("rounds", &rounds_, "at most"); }
  auto Build() const { return Read().Reduce<Seed>().Iterate<Move>(rounds_); }
  std::uint64_t rounds_ = 6;
};

TEST(Iteration, ARoundReadsTheInputAndTheStateOfTheOnesBefore) {
  const JobDeclaration declared = MakeChainInfo<Centres>().declare({{"rounds", "3"}});
  ASSERT_EQ(declared.stages.size(), 8u);
  EXPECT_TRUE(declared.caches);
  const auto edges = [&](std::size_t stage) {
    std::vector<std::string> texts;
    for (const EdgeDeclaration& edge : declared.stages[stage].edges) {
      texts.push_back((edge.by == ReadBy::kShuffle ? "shuffle " : "broadcast ") +
                      std::to_string(edge.stage));
    }
    return texts;
  };
  EXPECT_THAT(edges(2), ElementsAre("broadcast 1"));
  EXPECT_THAT(edges(3), ElementsAre("shuffle 2", "broadcast 1"));
  EXPECT_THAT(edges(4), ElementsAre("broadcast 1", "broadcast 3"));
  EXPECT_THAT(edges(5), ElementsAre("shuffle 4", "broadcast 1", "broadcast 3"));
  EXPECT_THAT(edges(6), ElementsAre("broadcast 3", "broadcast 5"));
  EXPECT_EQ(declared.stages[5].name, "move.2");
}

TEST(Iteration, StopsWhenARoundChangesNothing) {
  ChainTester<Centres> tester;
  EXPECT_THAT(tester.Run({"1", "2", "3", "10", "20", "30"}), ElementsAre(Pair(0, 4), Pair(1, 25)));
  EXPECT_EQ(tester.counters().at("assigned"), 3 * 6u)
      << "of 6 rounds the last 3 have nothing to do";
  ChainTester<Centres> short_one{{"rounds", "1"}};
  EXPECT_THAT(short_one.Run({"1", "2", "3", "10", "20", "30"}),
              ElementsAre(Pair(0, 2), Pair(1, 20)));
}

TEST(Iteration, KeepsParsedRecordsForTheRoundsToCome) {
  ChainTester<Centres> tester;
  tester.Run({"1", "2", "3", "10", "20", "30"});
  EXPECT_EQ(tester.counters().at("cached_records"), 2 * 6u);
}

std::atomic<bool> cancel_while_parsing{false};
struct StopsEarly : Move {
  static constexpr std::string_view kName = "stopsearly";
  static Parsed Parse(std::string_view line) {
    cancel_while_parsing = true;
    return Move::Parse(line);
  }
  void Map(const Parsed&, Emitter<StopsEarly>&) {}
  void Reduce(std::uint32_t, Values<StopsEarly>&, Output<StopsEarly>&) {}
};
struct Stopping {
  static constexpr std::string_view kName = "stopping";
  static constexpr std::string_view kSummary = "is cancelled while it parses";
  static auto Build() { return Read().Iterate<StopsEarly>(2); }
};

TEST(Iteration, WhatACancelledAttemptParsedIsNotKept) {
  TaskCache cache(std::uint64_t{1} << 20);
  TaskInfo info;
  info.memory_bytes = std::uint64_t{64} << 20;
  info.cache = &cache;
  info.cancelled = &cancel_while_parsing;
  const JobInfo job = MakeChainInfo<Stopping>();
  MemoryInput input({"1\n2\n"});
  MemoryRuns runs;
  EXPECT_THROW(job.make_task({}, info)->RunMap(input, runs), TaskCancelled);
  info.cancelled = nullptr;
  MemoryInput again({"1\n2\n"});
  const auto task = job.make_task({}, info);
  task->RunMap(again, runs);
  for (const CounterValue& counter : task->counters()) EXPECT_NE(counter.name, "cached_records");
}

// From nothing: each round counts on from the state.
struct Grow {
  static constexpr std::string_view kName = "grow";
  using Key = std::string;
  using Value = std::uint64_t;
  void Begin(const std::vector<std::pair<std::string, std::uint64_t>>& state) {
    for (const auto& [key, value] : state) so_far_ += value;
  }
  bool Converged(const std::vector<std::pair<std::string, std::uint64_t>>&,
                 const std::vector<std::pair<std::string, std::uint64_t>>& after) const {
    return after.at(0).second >= 7;
  }
  void Map(std::string_view line, Emitter<Grow>& out) { out.Emit(line, 1); }
  void Reduce(std::string_view key, Values<Grow>& values, Output<Grow>& out) {
    std::uint64_t sum = so_far_;
    for (const std::uint64_t value : values) sum += value;
    out.Emit(key, sum);
  }
  std::uint64_t so_far_ = 0;
};
struct Tail {
  static constexpr std::string_view kName = "tail";
  using Key = std::string;
  using Value = std::string;
  void Map(std::string_view key, std::uint64_t value, Emitter<Tail>& out) {
    out.Emit(key, std::to_string(value) + "!");
  }
};
struct Growing {
  static constexpr std::string_view kName = "growing";
  static constexpr std::string_view kSummary = "adds up";
  static auto Build() { return Read().Iterate<Grow>(20).Map<Tail>(); }
};

TEST(Iteration, BeginsWithNothingAndEndsWhereItsConditionHolds) {
  ChainTester<Growing> tester;
  EXPECT_THAT(tester.Run({"x", "x"}), ElementsAre(Pair("x", "8!")));
  EXPECT_EQ(tester.counters().at("input_records"), 4 * 2u);
}

}  // namespace
}  // namespace gristmill
