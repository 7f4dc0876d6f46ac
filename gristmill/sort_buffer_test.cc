#include "gristmill/sort_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "gristmill/memory_ports.h"

namespace gristmill::internal {
namespace {

struct Shape {
  const char* name;
  std::uint32_t partitions;
  std::size_t memory_bytes;
  std::string (*key)(std::mt19937_64&);
};

std::string FewKeys(std::mt19937_64& random) { return std::to_string(random() % 10); }
std::string LongCommonPrefix(std::mt19937_64& random) {
  return std::string(20, 'p') + std::to_string(random() % 1000);
}
std::string BinaryTenBytes(std::mt19937_64& random) {
  std::string key(10, '\0');
  for (char& c : key) c = static_cast<char>(random());
  return key;
}
std::string Staircase(std::mt19937_64& random) {
  return std::string(random() % 150, 's') + static_cast<char>(random() % 3);
}
std::string OneLongKey(std::mt19937_64&) { return std::string(100, 'k'); }
std::string ZerosOfAnyLength(std::mt19937_64& random) { return std::string(random() % 12, '\0'); }

class SortBufferTest : public testing::TestWithParam<Shape> {};

TEST_P(SortBufferTest, SortsAsStableSortDoes) {
  const Shape shape = GetParam();
  std::mt19937_64 random(11);
  MemoryRuns runs;
  RunWriter writer(runs);
  SortBuffer buffer(shape.memory_bytes, shape.partitions, &writer);
  std::vector<MemoryPair> expected;
  for (int i = 0; i < 30000; ++i) {
    const auto partition = static_cast<std::uint32_t>(random() % shape.partitions);
    expected.push_back({partition, shape.key(random), std::to_string(i)});
    buffer.Add(partition, expected.back().key, expected.back().value);
  }
  buffer.Spill();
  std::stable_sort(expected.begin(), expected.end(), [](const MemoryPair& a, const MemoryPair& b) {
    return a.partition != b.partition ? a.partition < b.partition : a.key < b.key;
  });
  EXPECT_EQ(runs.Merged(), expected);
  EXPECT_EQ(writer.pairs(), expected.size());
  EXPECT_EQ(runs.runs().size() > 1, shape.memory_bytes < 100000);
}

INSTANTIATE_TEST_SUITE_P(Shapes, SortBufferTest,
                         testing::Values(Shape{"FewKeys", 4, 16 << 20, FewKeys},
                                         Shape{"FewKeysSpilled", 4, 20000, FewKeys},
                                         Shape{"OnePartition", 1, 16 << 20, BinaryTenBytes},
                                         Shape{"ManyPartitions", 5000, 16 << 20, BinaryTenBytes},
                                         Shape{"CommonPrefix", 3, 16 << 20, LongCommonPrefix},
                                         Shape{"CommonPrefixSpilled", 3, 50000, LongCommonPrefix},
                                         Shape{"Staircase", 2, 16 << 20, Staircase},
                                         Shape{"OneShortKey", 2, 16 << 20,
                                               [](std::mt19937_64&) { return std::string("k"); }},
                                         Shape{"OneLongKey", 2, 16 << 20, OneLongKey},
                                         Shape{"Zeros", 2, 16 << 20, ZerosOfAnyLength}),
                         [](const auto& info) { return info.param.name; });

TEST_P(SortBufferTest, PutsEachPairIntoTheRangeOfItsKey) {
  const Shape shape = GetParam();
  std::mt19937_64 random(13);
  std::string samples;
  for (int i = 0; i < 1000; ++i) AppendSample(&samples, shape.key(random));
  const KeyRanges ranges({samples}, shape.partitions);
  MemoryRuns runs;
  RunWriter writer(runs);
  SortBuffer buffer(shape.memory_bytes, ranges, &writer);
  std::vector<MemoryPair> expected;
  for (int i = 0; i < 30000; ++i) {
    const std::string key = shape.key(random);
    expected.push_back({ranges.PartitionOf(key), key, std::to_string(i)});
    buffer.Add(0, key, expected.back().value);
  }
  buffer.Spill();
  std::stable_sort(expected.begin(), expected.end(),
                   [](const MemoryPair& a, const MemoryPair& b) { return a.key < b.key; });
  EXPECT_EQ(runs.Merged(), expected);
}

TEST(SortBuffer, APairLargerThanTheBufferIsARunInItsPlace) {
  MemoryRuns runs;
  RunWriter writer(runs);
  SortBuffer buffer(1 << 10, 1, &writer);
  const std::string large(600000, 'L');
  buffer.Add(0, "k", "before");
  buffer.Add(0, "k", large);
  buffer.Add(0, "k", "after");
  buffer.Spill();
  ASSERT_EQ(runs.runs().size(), 3u);
  EXPECT_EQ(runs.runs()[1][0].value, large);
  EXPECT_EQ(runs.Merged()[2].value, "after");
}

TEST(SortBuffer, APairLargerThanTheBufferGoesToItsRange) {
  std::string samples;
  AppendSample(&samples, "k");
  const KeyRanges ranges({samples}, 2);
  MemoryRuns runs;
  RunWriter writer(runs);
  SortBuffer buffer(1 << 10, ranges, &writer);
  buffer.Add(0, "k", std::string(600000, 'L'));
  buffer.Add(0, "j", std::string(600000, 'L'));
  buffer.Spill();
  ASSERT_EQ(runs.runs().size(), 2u);
  EXPECT_EQ(runs.runs()[0][0].partition, 1u);
  EXPECT_EQ(runs.runs()[1][0].partition, 0u);
}

TEST(SortBuffer, NothingAddedIsNoRun) {
  MemoryRuns runs;
  RunWriter writer(runs);
  SortBuffer(1 << 20, 4, &writer).Spill();
  EXPECT_TRUE(runs.runs().empty());
}

}  // namespace
}  // namespace gristmill::internal
