#include "gristmill/task_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "gristmill/chain.h"
#include "gristmill/testing.h"

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::Pair;

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

}  // namespace
}  // namespace gristmill
