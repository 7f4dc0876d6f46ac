#include "gristmill/key_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace gristmill::internal {
namespace {

std::string SampleOf(int begin, int end, std::uint64_t bytes_max) {
  KeySampler sampler(bytes_max);
  for (int i = begin; i < end; ++i) sampler.Add("key" + std::to_string(100000 + i));
  return sampler.Take();
}

TEST(KeySampler, KeepsEveryKeyThatFits) {
  const std::string sample = SampleOf(0, 10, 1000);
  std::vector<std::string_view> keys;
  ReadSamples(sample, &keys);
  EXPECT_EQ(keys.size(), 10u);
}

TEST(KeySampler, ThinsEvenlyToTheBytesAllowed) {
  const std::string sample = SampleOf(0, 10000, 1000);
  EXPECT_LE(sample.size(), 1000u);
  EXPECT_GE(sample.size(), 400u);
  std::vector<std::string_view> keys;
  ReadSamples(sample, &keys);
  const int stride = std::stoi(std::string(keys[1].substr(3))) - 100000;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(keys[i], "key" + std::to_string(100000 + static_cast<int>(i) * stride));
  }
}

TEST(KeySampler, CutsLongKeysAndNeverExceedsItsBytes) {
  KeySampler sampler(2000);
  for (int i = 0; i < 100; ++i) sampler.Add(std::string(100000, 'x'));
  EXPECT_LE(sampler.Take().size(), 2000u);
  KeySampler tiny(10);
  for (int i = 0; i < 100; ++i) tiny.Add(std::string(100, 'x'));
  EXPECT_LE(tiny.Take().size(), 10u);
}

TEST(KeyRanges, AreEvenAndOrdered) {
  const std::vector<std::string> samples = {SampleOf(5000, 10000, 1 << 20),
                                            SampleOf(0, 5000, 1 << 20)};
  const KeyRanges ranges(samples, 4);
  std::vector<int> sizes(4);
  std::uint32_t last = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::uint32_t partition = ranges.PartitionOf("key" + std::to_string(100000 + i));
    EXPECT_GE(partition, last);
    last = partition;
    ++sizes.at(partition);
  }
  EXPECT_EQ(sizes, (std::vector<int>{2500, 2500, 2500, 2500}));
}

TEST(KeyRanges, BeginAtTheQuantilesOfAllSamples) {
  std::mt19937_64 random(7);
  for (const std::size_t count : {1, 2, 3, 7, 100, 1000, 5000}) {
    for (const std::uint32_t partitions : {1, 2, 3, 4, 7, 100, 1000, 4999}) {
      // Some equal ones, some that differ behind the eighth byte only.
      std::vector<std::string> keys, samples(3);
      for (std::size_t i = 0; i < count; ++i) {
        keys.push_back(std::string(random() % 10, 'k') + std::to_string(random() % count));
        AppendSample(&samples[i % 3], keys.back());
      }
      std::sort(keys.begin(), keys.end());
      std::vector<std::string> quantiles;
      for (std::size_t p = 1; p < partitions; ++p)
        quantiles.push_back(keys[p * count / partitions]);
      EXPECT_EQ(KeyRanges(samples, partitions).boundaries(), quantiles)
          << count << " keys, " << partitions << " partitions";
    }
  }
}

TEST(KeyRanges, WithoutSamplesThereIsOneRange) {
  EXPECT_EQ(KeyRanges({}, 4).PartitionOf("anything"), 0u);
  EXPECT_EQ(KeyRanges({"", ""}, 4).PartitionOf(""), 0u);
}

TEST(KeyRanges, CutSamplesAreRefused) {
  EXPECT_THROW(KeyRanges({"\5abc"}, 2), TaskError);
  EXPECT_THROW(KeyRanges({"\x80"}, 2), TaskError);
}

}  // namespace
}  // namespace gristmill::internal
