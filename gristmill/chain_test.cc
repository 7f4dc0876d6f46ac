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

}  // namespace
}  // namespace gristmill
