#include "worker/pipeline/heavy_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "worker/pipeline/task_notes.h"

namespace gristmill::worker {
namespace {

using testing::IsEmpty;
using testing::Pair;

// Hands out keys in batches of a thousand.
class Keys final : public PairSource {
 public:
  void Add(const std::string& key, int times) {
    for (int i = 0; i < times; ++i) keys_.push_back(key);
  }
  std::span<const EncodedPair> NextBatch() override {
    batch_.clear();
    for (; next_ < keys_.size() && batch_.size() < 1'000; ++next_) {
      const std::string& key = keys_[next_];
      batch_.push_back({key.data(), nullptr, static_cast<std::uint32_t>(key.size()), 0});
    }
    return batch_;
  }

 private:
  std::deque<std::string> keys_;
  std::size_t next_ = 0;
  std::vector<EncodedPair> batch_;
};

std::pair<std::string, std::uint64_t> HeaviestOf(Keys& keys) {
  std::pair<std::string, std::uint64_t> heaviest;
  HeavyKeyWatch watch(keys, [&](std::string_view key, std::uint64_t pairs) {
    heaviest = {std::string(key), pairs};
  });
  while (!watch.NextBatch().empty()) {
  }
  return heaviest;
}

TEST(HeavyKeyWatch, CountsAllPairsOfTheHeaviestKey) {
  Keys keys;
  keys.Add("a", 1'500);
  keys.Add("and", 4'321);
  keys.Add("m", 3);
  keys.Add("the", 4'320);
  EXPECT_THAT(HeaviestOf(keys), Pair("and", 4'321));
}

TEST(HeavyKeyWatch, AKeyThatBeginsAndEndsWithBatchesIsCountedWhole) {
  Keys keys;
  keys.Add("a", 1'000);
  keys.Add("b", 3'000);
  keys.Add("c", 1'000);
  EXPECT_THAT(HeaviestOf(keys), Pair("b", 3'000));
}

TEST(HeavyKeyWatch, ManyLightKeysHaveNoHeavyOne) {
  Keys keys;
  for (int i = 0; i < 1'000; ++i) keys.Add(std::to_string(1'000 + i), 7);
  EXPECT_THAT(HeaviestOf(keys), Pair(IsEmpty(), 0));
}

TEST(HeavyKeyWatch, ABeginningIsNoKey) {
  Keys keys;
  keys.Add("th", 1'200);
  keys.Add("the", 1'300);
  EXPECT_THAT(HeaviestOf(keys), Pair("the", 1'300));
}

TEST(TaskNotes, KeysAreToldForPeople) {
  TaskNotes notes;
  EXPECT_EQ(notes.HeavyKey("string").pairs(), 0u);
  notes.SetHeavyKey("the", 5);
  EXPECT_EQ(notes.HeavyKey("string").key(), "\"the\"");
  notes.SetHeavyKey(std::string("\0\0\0\0\0\0\0\x2a", 8), 5);
  EXPECT_EQ(notes.HeavyKey("u64").key(), "42");
  notes.SetHeavyKey(std::string(100, 'x'), 5);
  EXPECT_EQ(notes.HeavyKey("u64").key(), "\"" + std::string(48, 'x') + "…\"");
}

TEST(TaskNotes, AStatusIsShortAndReadable) {
  TaskNotes notes;
  notes.SetStatus("chromosome 7");
  EXPECT_EQ(notes.status(), "chromosome 7");
  notes.SetStatus("bad \xff byte");
  EXPECT_EQ(notes.status(), "bad ? byte");
  notes.SetStatus(std::string(199, 'x') + "ü and so on");
  EXPECT_EQ(notes.status(), std::string(199, 'x') + "…");
}

}  // namespace
}  // namespace gristmill::worker
