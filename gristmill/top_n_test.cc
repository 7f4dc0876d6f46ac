#include "gristmill/top_n.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Top = TopN<std::uint64_t, std::string>;

TEST(TopN, KeepsTheGreatestScoresAndOfEqualOnesTheFirstItems) {
  Top top(3);
  for (const auto& [score, item] : Top::Entries{{1, "x"}, {5, "b"}, {2, "z"}, {5, "a"}, {2, "c"}}) {
    top.Add(score, item);
  }
  EXPECT_THAT(top.Take(), ElementsAre(Pair(5, "a"), Pair(5, "b"), Pair(2, "c")));
  EXPECT_THAT(top.Take(), IsEmpty());
}

TEST(TopN, DoesNotDependOnOrderOrMerging) {
  std::mt19937_64 random(4);
  Top::Entries all;
  for (int i = 0; i < 1000; ++i) all.emplace_back(random() % 50, std::to_string(i));
  Top whole(10);
  whole.Add(all);
  const Top::Entries expected = whole.Take();
  for (int round = 0; round < 20; ++round) {
    std::shuffle(all.begin(), all.end(), random);
    Top left(10), right(10);
    for (std::size_t i = 0; i < all.size(); ++i) {
      Top& half = random() % 2 == 0 ? left : right;
      EXPECT_TRUE(half.MayTake(all[i].first) || half.size() == 10);
      half.Add(all[i].first, all[i].second);
    }
    left.Add(right);
    EXPECT_EQ(left.Take(), expected);
  }
}

TEST(TopN, TellsWhatCanStillComeIn) {
  Top top(1);
  EXPECT_TRUE(top.MayTake(0));
  top.Add(3, "m");
  EXPECT_FALSE(top.MayTake(2));
  EXPECT_TRUE(top.MayTake(3)) << "its item may come before";
  Top none(0);
  none.Add(1, "a");
  EXPECT_FALSE(none.MayTake(1));
  EXPECT_THAT(none.Take(), IsEmpty());
}

}  // namespace
}  // namespace gristmill
