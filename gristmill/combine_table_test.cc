#include "gristmill/combine_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace gristmill::internal {
namespace {

struct Sum {
  std::uint64_t operator()(std::uint64_t&& held, std::uint64_t more) const { return held + more; }
};
struct Concatenate {
  std::string operator()(std::string&& held, std::string_view more) const {
    return held.append(more);
  }
};

std::uint32_t PartitionOf(std::string_view key) { return HashPartition(key, 3); }

// A table that sums what it spills, as the merge would, and checks the order of every run.
template <typename Value, typename Fold>
class SpillingTable {
 public:
  explicit SpillingTable(std::size_t memory_bytes)
      : table_(memory_bytes, Fold(), [this] { Spill(); }) {}

  template <typename V>
  void Add(std::string_view key, const V& value) {
    table_.Add(key, value);
  }

  std::map<std::string, Value> Finish() {
    table_.Settle();
    Spill();
    return std::move(result_);
  }
  int runs() const { return runs_; }

 private:
  void Spill() {
    ++runs_;
    std::optional<std::pair<std::uint32_t, std::string>> last;
    table_.VisitSorted(3, PartitionOf,
                       [&](std::uint32_t partition, std::string_view key, const Value& value) {
                         std::pair<std::uint32_t, std::string> place(partition, key);
                         EXPECT_EQ(partition, PartitionOf(key));
                         EXPECT_TRUE(!last || *last < place);
                         last = place;
                         const auto [it, is_new] = result_.try_emplace(place.second, value);
                         if (!is_new) it->second = Fold()(std::move(it->second), value);
                       });
    table_.Clear();
  }

  CombineTable<Value, Fold> table_;
  std::map<std::string, Value> result_;
  int runs_ = 0;
};

// Short, long, empty and binary keys; some shared by many pairs, some unique.
std::string RandomKey(std::mt19937_64& random) {
  const std::uint64_t id = random() % (random() % 2 == 0 ? 50 : 20000);
  std::string key = std::to_string(id);
  switch (id % 5) {
    case 0:
      return key;
    case 1:
      return key + std::string(id % 40, '\0');
    case 2:
      return std::string(15, 'k') + key;  // around the length that fits a slot
    case 3:
      return std::string(id % 18, 'z');
    default:
      return std::string(100 + id % 200, 'x') + key;
  }
}

void ExpectSumsOfAMap(std::size_t memory_bytes, int runs_min, int runs_max) {
  std::mt19937_64 random(7);
  SpillingTable<std::uint64_t, Sum> table(memory_bytes);
  std::map<std::string, std::uint64_t> expected;
  for (int i = 0; i < 100000; ++i) {
    const std::string key = RandomKey(random);
    const std::uint64_t value = random() % 1000;
    table.Add(key, value);
    expected[key] += value;
  }
  EXPECT_EQ(table.Finish(), expected);
  EXPECT_GE(table.runs(), runs_min);
  EXPECT_LE(table.runs(), runs_max);
}

TEST(CombineTable, SumsAsAMapDoesWhileItGrows) { ExpectSumsOfAMap(64 << 20, 1, 1); }
TEST(CombineTable, SpillsWhenTheBudgetIsUsedUp) { ExpectSumsOfAMap(256 << 10, 10, 1000); }
TEST(CombineTable, WorksInTheSmallestMemory) { ExpectSumsOfAMap(1, 100, 100000); }

TEST(CombineTable, KeepsKeysApartThatDifferInTrailingZerosOnly) {
  SpillingTable<std::uint64_t, Sum> table(1 << 20);
  std::map<std::string, std::uint64_t> expected;
  for (std::size_t size = 0; size < 40; ++size) {
    table.Add(std::string(size, '\0'), size + 1);
    expected[std::string(size, '\0')] = size + 1;
  }
  EXPECT_EQ(table.Finish(), expected);
}

TEST(CombineTable, ReadsKeysAtTheEndOfAPageAsElsewhere) {
  std::vector<char> pages(3 * 4096, 'q');
  SpillingTable<std::uint64_t, Sum> table(1 << 20);
  std::map<std::string, std::uint64_t> expected;
  for (std::size_t at = 0; at + 16 <= pages.size(); ++at) {
    const std::string_view key(&pages[at], at % 16 + 1);
    table.Add(key, 1);
    ++expected[std::string(key)];
  }
  EXPECT_EQ(table.Finish(), expected);
}

TEST(CombineTable, CountsTheHeapOfItsValues) {
  SpillingTable<std::string, Concatenate> table(1 << 20);
  std::map<std::string, std::string> expected;
  const std::string kilobyte(1024, 'v');
  for (int i = 0; i < 4000; ++i) {
    const std::string key = std::to_string(i % 10);
    table.Add(key, std::string_view(kilobyte));
    expected[key] += kilobyte;
  }
  EXPECT_EQ(table.Finish(), expected);
  EXPECT_GE(table.runs(), 4) << "4 MiB of values went through 1 MiB";
}

TEST(CombineTable, AFoldThatThrowsPassesThrough) {
  struct Refuse {
    std::uint64_t operator()(std::uint64_t&&, std::uint64_t) const { throw 42; }
  };
  CombineTable<std::uint64_t, Refuse> table(1 << 20, Refuse(), [] {});
  table.Add("a", std::uint64_t{1});
  table.Add("a", std::uint64_t{1});
  EXPECT_THROW(table.Settle(), int);
}

}  // namespace
}  // namespace gristmill::internal
