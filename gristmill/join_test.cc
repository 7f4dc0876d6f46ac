#include "gristmill/join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gristmill/join_testing.h"

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// Lines of KEY VALUE.
template <typename Side>
struct KeyAndRest {
  using Key = std::string;
  using Value = std::string;
  void Map(std::string_view line, Emitter<Side>& out) {
    const std::size_t blank = line.find(' ');
    out.Emit(line.substr(0, blank), line.substr(blank + 1));
  }
};
struct Orders : KeyAndRest<Orders> {
  static constexpr std::string_view kName = "orders";
};
struct Customers : KeyAndRest<Customers> {
  static constexpr std::string_view kName = "customers";
};

const std::vector<std::string> kOrders = {"b pen", "a ink", "x hat", "b cup", "a ink"};
const std::vector<std::string> kCustomers = {"b Bo", "c Cy", "a Ann", "b Bea"};

// By a table or not, as the parameter says.
template <typename J>
struct Switched : J {
  bool broadcast = false;
  void Declare(Params& params) { params.Add("broadcast", &broadcast, "by a table"); }
  bool Broadcast() const { return broadcast; }
};

struct Inner : Switched<InnerJoin<Orders, Customers>> {
  static constexpr std::string_view kName = "inner";
  static constexpr std::string_view kSummary = "orders with names";
};
struct Outer : Switched<LeftJoin<Orders, Customers>> {
  static constexpr std::string_view kName = "outer";
  static constexpr std::string_view kSummary = "orders with names, if there are any";
};
struct Semi : Switched<SemiJoin<Orders, Customers>> {
  static constexpr std::string_view kName = "semi";
  static constexpr std::string_view kSummary = "orders of known customers";
};

auto Row(const std::string& key, const std::string& left, const std::string& right) {
  return std::pair(key, std::pair(left, right));
}

TEST(Join, InnerHasEachPairOfValuesOfAKeyInTheOrderOfTheInput) {
  for (const std::size_t maps : {1, 2, 5}) {
    JoinTester<Inner> tester;
    tester.set_map_tasks(maps);
    EXPECT_THAT(tester.Run(kOrders, kCustomers),
                ElementsAre(Row("a", "ink", "Ann"), Row("a", "ink", "Ann"), Row("b", "pen", "Bo"),
                            Row("b", "pen", "Bea"), Row("b", "cup", "Bo"), Row("b", "cup", "Bea")));
    EXPECT_EQ(tester.counters().at("input_records"), 9u);
    EXPECT_EQ(tester.counters().at("reduce_groups"), 4u);
  }
}

TEST(Join, LeftKeepsWhatHasNoPartner) {
  JoinTester<Outer> tester;
  EXPECT_THAT(tester.Run({"x hat", "a ink"}, kCustomers),
              ElementsAre(Row("a", "ink", "Ann"), Row("x", "hat", "")));
}

TEST(Join, SemiHasEachLeftValueOnce) {
  JoinTester<Semi> tester;
  EXPECT_THAT(tester.Run(kOrders, kCustomers),
              ElementsAre(Pair("a", "ink"), Pair("a", "ink"), Pair("b", "pen"), Pair("b", "cup")));
}

TEST(Join, OfNothingIsNothing) {
  EXPECT_THAT(JoinTester<Inner>().Run({}, kCustomers), IsEmpty());
  EXPECT_THAT(JoinTester<Semi>().Run(kOrders, {}), IsEmpty());
}

template <typename J>
void ExpectTheSameByTable() {
  JoinTester<J> sorted, looked_up{{"broadcast", "true"}};
  auto expected = sorted.Run(kOrders, kCustomers);
  auto actual = looked_up.Run(kOrders, kCustomers);
  EXPECT_EQ(actual.front().first, "b") << "the order of the left input";
  std::sort(expected.begin(), expected.end());
  std::sort(actual.begin(), actual.end());
  EXPECT_EQ(actual, expected);
}

TEST(Join, ByATableItHasTheSameRowsInTheOrderOfTheLeftInput) {
  ExpectTheSameByTable<Inner>();
  ExpectTheSameByTable<Outer>();
  ExpectTheSameByTable<Semi>();
}

TEST(Join, ByATableHasOneStageThatReadsTheOtherInputWhole) {
  const JobInfo info = MakeJoinInfo<Inner>();
  const JobDeclaration declared = info.declare({{"broadcast", "true"}});
  ASSERT_EQ(declared.stages.size(), 1u);
  EXPECT_THAT(declared.stages[0].whole_inputs, ElementsAre(1));
  EXPECT_TRUE(declared.caches);
  const JobDeclaration shuffled = info.declare({});
  ASSERT_EQ(shuffled.stages.size(), 3u);
  EXPECT_EQ(shuffled.stages[0].input, 1u) << "right values come first";
  EXPECT_EQ(shuffled.inputs[0].name, "orders");
  EXPECT_EQ(shuffled.inputs[1].name, "customers");
}

// Both sides counted, also of keys that only one has.
struct Counts : JoinOf<Orders, Customers> {
  static constexpr std::string_view kName = "counts";
  static constexpr std::string_view kSummary = "how many on each side";
  using OutputValue = std::pair<std::uint64_t, std::uint64_t>;
  void Reduce(std::string_view key, LeftValues<Counts>& left, std::span<const std::string> right,
              Output<Counts>& out) {
    std::uint64_t lefts = 0;
    for ([[maybe_unused]] const auto value : left) ++lefts;
    out.Emit(key, {lefts, right.size()});
  }
};

TEST(Join, AReduceOfItsOwnSeesTheKeysOfBothSides) {
  EXPECT_THAT(JoinTester<Counts>().Run(kOrders, kCustomers),
              ElementsAre(Pair("a", Pair(2, 1)), Pair("b", Pair(2, 2)), Pair("c", Pair(0, 1)),
                          Pair("x", Pair(1, 0))));
}

// Reads one left value of each key.
struct First : JoinOf<Orders, Customers> {
  static constexpr std::string_view kName = "first";
  static constexpr std::string_view kSummary = "the first order of each customer";
  using OutputValue = std::string;
  void Reduce(std::string_view key, LeftValues<First>& left, std::span<const std::string>,
              Output<First>& out) {
    if (!left.empty()) out.Emit(key, *left.begin());
  }
};

TEST(Join, WhatReduceDoesNotReadIsSkipped) {
  EXPECT_THAT(JoinTester<First>().Run(kOrders, kCustomers),
              ElementsAre(Pair("a", "ink"), Pair("b", "pen"), Pair("x", "hat")));
}

template <typename J>
std::string ErrorOf(JoinTester<J>& tester, const std::vector<std::string>& left,
                    const std::vector<std::string>& right) {
  try {
    tester.Run(left, right);
  } catch (const TaskError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Join, RightValuesThatDoNotFitAreASentence) {
  std::vector<std::string> many(100, "a " + std::string(1000, 'v'));
  JoinTester<Inner> sorted;
  sorted.set_memory_bytes(64 << 10);
  EXPECT_EQ(sorted.Run(many, {"a x"}).size(), 100u) << "left ones need not fit";
  EXPECT_THAT(ErrorOf(sorted, {"a x"}, many),
              HasSubstr("the values of one key in input 'customers' of job 'inner' take more than "
                        "the 64 KiB that a join holds"));
  JoinTester<Inner> table{{"broadcast", "true"}};
  table.set_memory_bytes(64 << 10);
  EXPECT_THAT(ErrorOf(table, {"a x"}, many), HasSubstr("join it by a shuffle"));
  JoinTester<Semi> semi;
  semi.set_memory_bytes(64 << 10);
  EXPECT_EQ(semi.Run({"a x"}, many).size(), 1u) << "which needs to hold none";
}

// A right side whose Map is told to stop at its first line, and heeds it.
std::atomic<bool> stop_reading = false;
struct HeedfulCustomers {
  static constexpr std::string_view kName = "customers";
  using Key = std::string;
  using Value = std::string;
  void Setup(TaskContext& context) { context_ = &context; }
  void Map(std::string_view line, Emitter<HeedfulCustomers>& out) {
    if (stops_at_first) stop_reading = true;
    if (context_->cancelled()) return;
    out.Emit(line.substr(0, 1), line.substr(2));
  }
  static inline bool stops_at_first = false;
  TaskContext* context_ = nullptr;
};
struct Heedful : InnerJoin<Orders, HeedfulCustomers> {
  static constexpr std::string_view kName = "heedful";
  static constexpr std::string_view kSummary = "by a table that may be left half read";
  bool Broadcast() const { return true; }
};

// One split.
struct OneSplit final : InputOpener {
  std::uint32_t CountSplits(std::uint32_t) override { return 1; }
  std::unique_ptr<InputSource> Open(std::uint32_t, std::uint32_t, std::string*) override {
    return std::make_unique<MemoryInput>(std::vector<std::string>{"a Ann\nb Bo\n"});
  }
};

TEST(Join, ATableThatACancelledAttemptLeftHalfReadIsNotKept) {
  TaskCache cache(1 << 20);
  OneSplit right;
  TaskInfo info;
  info.cache = &cache;
  info.inputs = &right;
  info.cancelled = &stop_reading;
  const auto run = [&] {
    MemoryInput left({"a pen\nb ink\n"});
    MemoryOutput output;
    MakeJoinInfo<Heedful>().make_task({}, info)->RunMapOnly(left, output);
    return output.bytes();
  };
  HeedfulCustomers::stops_at_first = true;
  EXPECT_THROW(run(), TaskCancelled);
  HeedfulCustomers::stops_at_first = false;
  stop_reading = false;
  EXPECT_EQ(run(), "a\tpen,Ann\nb\tink,Bo\n");
}

// --- parameters ---------------------------------------------------------------------------------

template <typename Side>
struct WithMark {
  using Key = std::string;
  using Value = std::string;
  std::string mark = "-";
  void Declare(Params& params) { params.Add("mark", &mark, Side::kHelp); }
  std::string Validate() const { return mark == "?" ? "no '?'" : ""; }
  void Map(std::string_view line, Emitter<Side>& out) { out.Emit("", mark + std::string(line)); }
};
struct MarkedLeft : WithMark<MarkedLeft> {
  static constexpr std::string_view kName = "l";
  static constexpr std::string_view kHelp = "before each value";
};
struct MarkedRight : WithMark<MarkedRight> {
  static constexpr std::string_view kName = "r";
  static constexpr std::string_view kHelp = "before each value";
};
struct OtherRight : WithMark<OtherRight> {
  static constexpr std::string_view kName = "r";
  static constexpr std::string_view kHelp = "something else";
};
struct Marked : InnerJoin<MarkedLeft, MarkedRight> {
  static constexpr std::string_view kName = "marked";
  static constexpr std::string_view kSummary = "marks";
};
struct Clashing : InnerJoin<MarkedLeft, OtherRight> {
  static constexpr std::string_view kName = "clashing";
  static constexpr std::string_view kSummary = "marks";
};

TEST(Join, AParameterThatBothSidesDeclareAlikeIsOfBoth) {
  JoinTester<Marked> tester{{"mark", "+"}};
  EXPECT_THAT(tester.Run({"a"}, {"b"}), ElementsAre(Row("", "+a", "+b")));
  const JobInfo info = MakeJoinInfo<Marked>();
  EXPECT_EQ(info.params.size(), 1u);
  EXPECT_EQ(info.check_params({{"mark", "?"}}), "no '?'");
  EXPECT_EQ(info.check_params({{"mrak", "+"}}),
            "job 'marked' has no parameter 'mrak'; did you mean 'mark'?");
  EXPECT_EQ(info.check_params({{"colour", "+"}}),
            "job 'marked' has no parameter 'colour'; it has mark");
}

TEST(Join, AParameterThatMeansTwoThingsIsRefused) {
  EXPECT_THAT(MakeJoinInfo<Clashing>().check_params({}),
              HasSubstr("of job 'clashing' declare a parameter 'mark' in different ways"));
}

// --- the table of a process ---------------------------------------------------------------------

TEST(TaskCache, MakesAValueOnceForAllThreads) {
  TaskCache cache(1000);
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto value = cache.FindOrMake<int>(
          "x", [] { return false; },
          [&] {
            ++made;
            return std::pair(std::make_shared<const int>(7), std::uint64_t{10});
          });
      EXPECT_EQ(*value, 7);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
}

TEST(TaskCache, AfterOneThatFailedTheNextMakesIt) {
  TaskCache cache(1000);
  const auto never = [] { return false; };
  using Made = std::pair<std::shared_ptr<const int>, std::uint64_t>;
  EXPECT_THROW(cache.FindOrMake<int>("x", never, []() -> Made { throw TaskError("no"); }),
               TaskError);
  EXPECT_EQ(*cache.FindOrMake<int>("x", never, [] { return Made(std::make_shared<int>(1), 1); }),
            1);
}

}  // namespace
}  // namespace gristmill
