#include "gristmill/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gristmill/testing.h"

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::Pair;

struct Count {
  static constexpr std::string_view kName = "count";
  using Key = std::string;
  using Value = std::uint64_t;
  void Declare(Params& params) { params.Add("least", &least, "shorter words do not count"); }
  void Map(std::string_view line, Emitter<Count>& out) {
    while (!line.empty()) {
      const std::string_view word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), word.size() + 1));
      if (word.size() >= least) out.Emit(word, 1);
    }
  }
  static Value Combine(Value a, Value b) { return a + b; }
  std::uint64_t least = 1;
};

struct Turn {
  static constexpr std::string_view kName = "turn";
  using Key = std::uint64_t;
  using Value = std::string;
  void Map(std::string_view word, std::uint64_t count, Emitter<Turn>& out) {
    out.Emit(count, word);
    out.context().Count("turned");
  }
};

struct Join {
  static constexpr std::string_view kName = "join";
  using Key = std::uint64_t;
  using Value = std::string;
  void Reduce(std::uint64_t count, Values<Join>& words, Output<Join>& out) {
    std::string all;
    for (const std::string_view word : words) all += (all.empty() ? "" : ",") + std::string(word);
    out.Emit(count, all);
  }
};

struct WordsByCount {
  static constexpr std::string_view kName = "wordsbycount";
  static constexpr std::string_view kSummary = "which words occur how often";
  static auto Build() { return Read().Reduce<Count>().Map<Turn>().Reduce<Join>(); }
};

TEST(Chain, HasAStageForEachReduce) {
  const JobDeclaration declared = MakeChainInfo<WordsByCount>().declare({});
  ASSERT_EQ(declared.stages.size(), 3u);
  EXPECT_EQ(declared.stages[0].kind, StageKind::kMap);
  EXPECT_EQ(declared.stages[1].kind, StageKind::kReduce);
  EXPECT_EQ(declared.stages[1].name, "count");
  EXPECT_EQ(declared.stages[2].edges.at(0).stage, 1u);
  EXPECT_EQ(MakeChainInfo<WordsByCount>().key_type, "u64");
}

TEST(Chain, MapsAndReducesOneAfterTheOther) {
  ChainTester<WordsByCount> tester;
  EXPECT_THAT(tester.Run({"b a b", "c a"}), ElementsAre(Pair(1, "c"), Pair(2, "a,b")));
  EXPECT_EQ(tester.counters().at("turned"), 3u);
  EXPECT_EQ(tester.counters().at("input_records"), 2u);
  EXPECT_EQ(tester.counters().at("output_records"), 2u);
  EXPECT_EQ(tester.counters().at("reduce_groups"), 5u);
}

TEST(Chain, ItsParametersAreThoseOfItsSteps) {
  ChainTester<WordsByCount> tester{{"least", "2"}};
  EXPECT_THAT(tester.Run({"b aa b"}), ElementsAre(Pair(1, "aa")));
  EXPECT_EQ(MakeChainInfo<WordsByCount>().check_params({{"leest", "2"}}),
            "job 'wordsbycount' has no parameter 'leest'; did you mean 'least'?");
  EXPECT_EQ(MakeChainInfo<WordsByCount>().check_params({{"least", "x"}}),
            "parameter 'least' of job 'wordsbycount' must be a whole number of at least 0, "
            "not 'x'");
}

struct OtherLeast : Turn {
  static constexpr std::string_view kName = "otherleast";
  void Declare(Params& params) { params.Add("least", &least, "something else"); }
  void Map(std::string_view word, std::uint64_t count, Emitter<OtherLeast>& out) {
    out.Emit(count, word);
  }
  std::uint64_t least = 7;
};
struct Clashing {
  static constexpr std::string_view kName = "clashing";
  static constexpr std::string_view kSummary = "two meanings of a name";
  static auto Build() { return Read().Reduce<Count>().Map<OtherLeast>(); }
};

TEST(Chain, AParameterOfTwoMeaningsIsRefused) {
  EXPECT_EQ(MakeChainInfo<Clashing>().check_params({}),
            "'count' and 'otherleast' of job 'clashing' declare a parameter 'least' in different "
            "ways; rename one, or declare it alike in both to share it");
}

// Map-only chains, and steps that map what maps made.
struct Upper {
  static constexpr std::string_view kName = "upper";
  using Key = std::string;
  using Value = None;
  void Map(std::string_view line, Emitter<Upper>& out) {
    std::string text(line);
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    out.Emit(text);
  }
};
struct Twice {
  static constexpr std::string_view kName = "twice";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view word, None, Emitter<Twice>& out) {
    out.Emit(word, 1);
    out.Emit(word, 2);
  }
  void TearDown(Emitter<Twice>& out) { out.Emit("end", 0); }
};
struct UpperTwice {
  static constexpr std::string_view kName = "uppertwice";
  static constexpr std::string_view kSummary = "maps of maps";
  static auto Build() { return Read("lines").Map<Upper>().Map<Twice>(); }
};

TEST(Chain, MapStepsAreOneStage) {
  const JobDeclaration declared = MakeChainInfo<UpperTwice>().declare({});
  ASSERT_EQ(declared.stages.size(), 1u);
  EXPECT_TRUE(declared.stages[0].one_task_per_split) << "one of them ends with a pair";
  EXPECT_EQ(declared.inputs.at(0).name, "lines");
  ChainTester<UpperTwice> tester;
  tester.set_map_tasks(1);
  EXPECT_THAT(tester.Run({"a"}), ElementsAre(Pair("A", 1), Pair("A", 2), Pair("end", 0)));
}

// Secondary sort and random numbers in later steps.
struct ByLength {
  static constexpr std::string_view kName = "bylength";
  using Key = std::pair<std::uint64_t, std::string>;
  using Value = None;
  static constexpr std::size_t kGroupFields = 1;
  using OutputKey = std::uint64_t;
  using OutputValue = std::string;
  void Map(std::string_view word, std::uint64_t, Emitter<ByLength>& out) {
    out.Emit({word.size(), std::string(word)}, {});
  }
  void Reduce(std::uint64_t length, Values<ByLength>& values, Output<ByLength>& out) {
    std::string words;
    for (auto it = values.begin(); it != values.end(); ++it) words += values.key().second + " ";
    out.Emit(length, words + (out.context().random()() % 2 == 0 ? "even" : "odd"));
  }
};
struct WordsByLength {
  static constexpr std::string_view kName = "wordsbylength";
  static constexpr std::string_view kSummary = "words of each length, in order";
  static auto Build() { return Read().Reduce<Count>().Reduce<ByLength>(); }
};

TEST(Chain, ALaterStepMaySortItsValuesAndDrawNumbers) {
  const auto pairs = ChainTester<WordsByLength>().Run({"d bb a", "cc bb d"});
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].second.find("a d "), 0u);
  EXPECT_EQ(pairs[1].second.find("bb cc "), 0u);
  EXPECT_EQ(ChainTester<WordsByLength>().Run({"d bb a", "cc bb d"}), pairs) << "the same numbers";
}

// Every round halves a number and tells how many are left.
struct Halve {
  static constexpr std::string_view kName = "halve";
  using Key = std::string;
  using Value = std::uint64_t;
  using Summary = std::uint64_t;
  void Begin(const std::vector<Summary>& before) {
    for (const Summary sum : before) sum_ += sum;
    begun_ = true;
  }
  void Reduce(std::string_view key, Values<Halve>& values, Output<Halve>& out) {
    for (const std::uint64_t value : values) {
      const std::uint64_t half = begun_ && sum_ < 10 ? value : value / 2;
      left_ += half;
      out.Emit(key, half);
    }
  }
  Summary Summarise() const { return left_; }
  std::uint64_t sum_ = 0, left_ = 0;
  bool begun_ = false;
};
struct Lengths {
  static constexpr std::string_view kName = "lengths";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<Lengths>& out) { out.Emit(line, 10 * line.size()); }
};
struct Halves {
  static constexpr std::string_view kName = "halves";
  static constexpr std::string_view kSummary = "halves until less than ten are left";
  void Declare(Params& params) { params.Add("rounds", &rounds_, "how many at most"); }
  auto Build() const { return Read().Map<Lengths>().Repeat<Halve>(rounds_); }
  std::uint64_t rounds_ = 2;
};

TEST(Chain, RepeatsAStepAsOftenAsAParameterSays) {
  const JobInfo info = MakeChainInfo<Halves>();
  EXPECT_EQ(info.declare({{"rounds", "5"}}).stages.size(), 6u);
  EXPECT_EQ(info.declare({{"rounds", "5"}}).stages[3].name, "halve.3");
  EXPECT_THAT(ChainTester<Halves>().Run({"aaaa", "bb"}),
              ElementsAre(Pair("aaaa", 10), Pair("bb", 5)));
  EXPECT_EQ(info.check_params({{"rounds", "0"}}),
            "job 'halves' repeats a step 0 times; ask for one round at least");
  EXPECT_EQ(info.check_params({{"rounds", "401"}}),
            "job 'halves' repeats a step 401 times; ask for at most 400 rounds");
}

TEST(Chain, AStepGetsTheSummariesOfTheOneBefore) {
  const JobDeclaration declared = MakeChainInfo<Halves>().declare({});
  EXPECT_EQ(declared.stages[1].edges.size(), 1u) << "there are none before the first";
  ASSERT_EQ(declared.stages[2].edges.size(), 2u);
  EXPECT_EQ(declared.stages[2].edges[1].by, ReadBy::kBroadcast);
  EXPECT_THAT((ChainTester<Halves>{{"rounds", "9"}}.Run({"aaaa", "bb"})),
              ElementsAre(Pair("aaaa", 5), Pair("bb", 2)));
}

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

TEST(TaskCache, KeepsTheFirstOfWhatDoesNotFitAndCountsWhatIsStillMade) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  TaskCache cache(2 * kMiB);
  TaskCache::Claim first(&cache), second(&cache);
  EXPECT_TRUE(first.Grow(kMiB));
  EXPECT_TRUE(second.Grow(kMiB));
  EXPECT_FALSE(first.Grow(1));
  EXPECT_FALSE(first.Grow(1)) << "it has given up";
  first.Keep<int>("first", std::make_shared<const int>(1));
  second.Keep<int>("second", std::make_shared<const int>(2));
  EXPECT_EQ(cache.Find<int>("first"), nullptr);
  EXPECT_EQ(*cache.Find<int>("second"), 2);
  EXPECT_EQ(cache.Find<char>("second"), nullptr) << "of another type";
  TaskCache::Claim third(&cache);
  EXPECT_TRUE(third.Grow(kMiB)) << "the first's room is free again";
  EXPECT_FALSE(TaskCache::Claim(&cache).Grow(kMiB));
  EXPECT_FALSE(TaskCache::Claim(nullptr).Grow(1));
  cache.Keep<int>("new", std::make_shared<const int>(3), kMiB);
  EXPECT_EQ(cache.Find<int>("second"), nullptr) << "the longest unused goes";
  cache.Keep<int>("newer", std::make_shared<const int>(4), 2 * kMiB);
  EXPECT_EQ(cache.Find<int>("newer"), nullptr) << "half of it is claimed";
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

// Asks for something that is dear to make.
struct Asks {
  static constexpr std::string_view kName = "asks";
  static constexpr bool kCaches = true;
  using Key = std::string;
  using Value = std::uint64_t;
  void Setup(TaskContext& context) {
    table_ = context.Cached<std::vector<std::uint64_t>>("table", [&] {
      context.Count("made");
      return std::vector<std::uint64_t>{7, 8};
    });
  }
  void Map(std::string_view line, Emitter<Asks>& out) { out.Emit(line, table_->at(1)); }
  std::shared_ptr<const std::vector<std::uint64_t>> table_;
};
struct Asking {
  static constexpr std::string_view kName = "asking";
  static constexpr std::string_view kSummary = "asks";
  static auto Build() { return Read().Map<Asks>(); }
};

TEST(TaskCache, LaterTasksGetWhatAnEarlierOneMade) {
  ChainTester<Asking> tester;
  tester.set_map_tasks(3);
  EXPECT_THAT(tester.Run({"a", "b", "c"}), ElementsAre(Pair("a", 8), Pair("b", 8), Pair("c", 8)));
  EXPECT_EQ(tester.counters().at("made"), 1u);
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
