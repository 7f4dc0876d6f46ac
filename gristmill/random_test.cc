#include "gristmill/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/memory_ports.h"

namespace gristmill {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(Random, IsTheSequenceOfSplitMix64) {
  Random random(1234567);
  EXPECT_EQ(random(), 6457827717110365317u);
  EXPECT_EQ(random(), 3203168211198807973u);
}

TEST(Random, NumbersBelowAreEven) {
  Random random(1);
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts[random.Below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(random.Below(1), 0u);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) sum += random.Fraction();
  EXPECT_NEAR(sum, 5'000, 150);
}

struct Draws {
  static constexpr std::string_view kName = "draws";
  static constexpr std::string_view kSummary = "random numbers of Setup, Map and Reduce";
  static constexpr bool kOneTaskPerSplit = true;
  using Key = std::uint64_t;
  using Value = std::string;
  void Declare(Params& params) { params.Add("seed", &seed_, "of the random numbers"); }
  void Setup(TaskContext& context) { first_ = context.random()(); }
  void Map(std::string_view, Emitter<Draws>& out) {
    out.Emit(first_, "");
    out.Emit(out.random()(), "");
  }
  void Reduce(std::uint64_t, Values<Draws>&, Output<Draws>& out) {
    out.Emit(first_, std::to_string(out.context().random()()));
  }
  std::uint64_t seed_ = 0, first_ = 0;
};

std::vector<MemoryPair> MapOnce(std::uint32_t index, std::uint64_t attempt,
                                const ParamMap& params) {
  TaskInfo info;
  info.task = index;
  info.attempt = attempt;
  info.memory_bytes = 1 << 20;
  MemoryInput input({"line\n"});
  MemoryRuns runs;
  MakeJobInfo<Draws>().make_task(params, info)->RunMap(input, runs);
  return runs.Merged();
}

TEST(ContextRandom, IsThatOfTheTaskAndNotOfTheAttempt) {
  EXPECT_EQ(MapOnce(3, 1, {{"seed", "5"}}), MapOnce(3, 2, {{"seed", "5"}}));
  std::set<std::string> keys;
  for (const char* const seed : {"5", "6"}) {
    for (std::uint32_t task = 0; task < 3; ++task) {
      for (const MemoryPair& pair : MapOnce(task, 1, {{"seed", seed}})) keys.insert(pair.key);
    }
  }
  EXPECT_THAT(keys, SizeIs(12)) << "tasks, seeds and calls draw other numbers";
}

TEST(ContextRandom, AReduceTaskHasNumbersOfItsOwn) {
  std::string key;
  AppendKey<std::uint64_t>(&key, 1);
  MemoryPairs pairs({{0, key, ""}}, 1);
  MemoryOutput output;
  TaskInfo info;
  info.task = 3;
  MakeJobInfo<Draws>().make_task({{"seed", "5"}}, info)->RunReduce(pairs, output);
  const std::uint64_t drawn = std::stoull(output.bytes());
  for (const MemoryPair& pair : MapOnce(3, 1, {{"seed", "5"}})) {
    EXPECT_NE(DecodeKey<std::uint64_t>(pair.key), drawn);
  }
}

struct DrawsWhereCut : Draws {
  static constexpr bool kOneTaskPerSplit = false;
  void Map(std::string_view, Emitter<DrawsWhereCut>&) {}
  void Reduce(std::uint64_t, Values<DrawsWhereCut>&, Output<DrawsWhereCut>&) {}
};

TEST(ContextRandom, IsRefusedWhereASplitMayBeCut) {
  TaskInfo info;
  MemoryInput input({"line\n"});
  MemoryRuns runs;
  const auto task = MakeJobInfo<DrawsWhereCut>().make_task({}, info);
  try {
    task->RunMap(input, runs);
    FAIL() << "nothing was thrown";
  } catch (const TaskError& error) {
    EXPECT_THAT(error.what(), HasSubstr("kOneTaskPerSplit = true"));
  }
}

TEST(Context, TellsWhenTheAttemptIsToStop) {
  std::atomic<bool> cancelled = false;
  TaskInfo info;
  const TaskContext alone(info);
  EXPECT_FALSE(alone.cancelled()) << "nobody asks";
  info.cancelled = &cancelled;
  const TaskContext context(info);
  EXPECT_FALSE(context.cancelled());
  cancelled = true;
  EXPECT_TRUE(context.cancelled());
}

}  // namespace
}  // namespace gristmill
