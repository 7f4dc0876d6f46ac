#include "gristmill/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(HistogramBuckets, AreAscendingAndNarrow) {
  std::uint32_t last = 0;
  for (std::uint64_t value = 0; value < 100'000; ++value) {
    const std::uint32_t bucket = BucketOf(value);
    ASSERT_TRUE(bucket == last || bucket == last + 1) << value;
    last = bucket;
  }
  for (std::uint64_t value = 1; value < std::uint64_t{1} << 62; value += value / 3 + 1) {
    const auto middle = static_cast<double>(MiddleOf(BucketOf(value)));
    EXPECT_NEAR(middle, static_cast<double>(value), static_cast<double>(value) / 100) << value;
  }
  EXPECT_EQ(BucketOf(MiddleOf(BucketOf(~std::uint64_t{0}))), BucketOf(~std::uint64_t{0}));
}

TEST(Histogram, PercentilesAreThoseOfTheSortedValuesToOnePercent) {
  std::mt19937_64 random(3);
  Histogram whole, halves[2];
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 10'001; ++i) {
    values.push_back(random() >> (random() % 60));
    whole.Add(values.back());
    halves[i % 2].Add(values.back());
  }
  halves[0].Add(halves[1]);
  EXPECT_EQ(halves[0].counts(), whole.counts());
  std::sort(values.begin(), values.end());
  for (const std::uint32_t percent : {0, 1, 50, 90, 99, 100}) {
    const std::size_t rank = std::max<std::size_t>((values.size() * percent + 99) / 100, 1);
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(whole.Percentile(percent)), exact, exact / 100) << percent;
  }
}

TEST(Histogram, ItsCountsAreAllOfIt) {
  Histogram histogram;
  EXPECT_EQ(histogram.Percentile(50), 0u);
  histogram.Add(7, 3);
  histogram.Add(0);
  histogram.Add(9, 0);
  EXPECT_THAT(histogram.counts(), ElementsAre(Pair(0, 1), Pair(7, 3)));
  Histogram other;
  other.Add(histogram.counts());
  other.Add(histogram.counts());
  EXPECT_EQ(other.count(), 8u);
  EXPECT_EQ(other.Percentile(25), 0u);
  EXPECT_EQ(other.Percentile(26), 7u);
  other.Clear();
  EXPECT_EQ(other.count(), 0u);
  EXPECT_THAT(other.counts(), ElementsAre());
}

TEST(Histogram, CountsBeyondWhatTimes100FitsStayRight) {
  Histogram histogram;
  histogram.Add(1, std::uint64_t{1} << 62);
  histogram.Add(2, std::uint64_t{1} << 62);
  EXPECT_EQ(histogram.Percentile(50), 1u);
  EXPECT_EQ(histogram.Percentile(51), 2u);
}

}  // namespace
}  // namespace gristmill
