#include "worker/pipeline/merger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "gristmill/pair_codec.h"
#include "storage/test_directory.h"
#include "worker/pipeline/merge_plan.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool KeyBefore(const Pairs::value_type& a, const Pairs::value_type& b) { return a.first < b.first; }

// Keys that are short, long, equal, share prefixes and hold zero bytes.
std::string RandomKey(std::mt19937& random) {
  static const std::string kLetters("\0a\xff", 3);
  std::string key(random() % 4 == 0 ? 7 + random() % 6 : random() % 4, 'p');
  for (char& c : key) {
    if (random() % 3 == 0) c = kLetters[random() % 3];
  }
  return key;
}

class MergerTest : public ::testing::Test {
 protected:
  // Writes `pairs`, which are sorted, as one run with blocks of `block_pairs` pairs.
  SegmentRef WriteSegment(std::uint32_t task, const Pairs& pairs, std::size_t block_pairs) {
    const RunFileId id{{JobId(1), 0, task}, AttemptId(task + 1)};
    const std::string path = dir_.path("run-" + std::to_string(task));
    RunFileWriter writer(path, id, 1);
    writer.BeginRun();
    std::string block;
    std::size_t count = 0;
    for (const auto& [key, value] : pairs) {
      AppendPair(&block, key, value);
      if (++count == block_pairs) {
        writer.Append(0, block, count);
        block.clear();
        count = 0;
      }
    }
    writer.Append(0, block, count);
    writer.EndRun();
    writer.Finish();
    return {path, id.attempt, writer.index().front(), id.task};
  }

  // Random sorted runs and, beside them, what a stable sort makes of their concatenation.
  std::vector<SegmentRef> WriteRandom(std::mt19937& random, std::size_t runs, Pairs* expected) {
    std::vector<SegmentRef> segments;
    for (std::uint32_t run = 0; run < runs; ++run) {
      Pairs pairs(1 + random() % 200);
      int emission = 0;
      for (auto& [key, value] : pairs) {
        key = RandomKey(random);
        value = std::to_string(run) + "." + std::to_string(emission++);
      }
      std::stable_sort(pairs.begin(), pairs.end(), KeyBefore);
      segments.push_back(WriteSegment(run, pairs, 1 + random() % 20));
      expected->insert(expected->end(), pairs.begin(), pairs.end());
    }
    std::stable_sort(expected->begin(), expected->end(), KeyBefore);
    return segments;
  }

  static Pairs Drain(PairSource& source) {
    Pairs pairs;
    for (auto batch = source.NextBatch(); !batch.empty(); batch = source.NextBatch()) {
      for (const EncodedPair& pair : batch) pairs.emplace_back(pair.key_view(), pair.value_view());
    }
    EXPECT_TRUE(source.NextBatch().empty());
    return pairs;
  }

  const TestDirectory dir_;
  std::atomic<bool> cancelled_{false};
  std::atomic<std::uint64_t> records_{0};
};

TEST_F(MergerTest, MergesLikeAStableSortOfAllRuns) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    Pairs expected;
    const auto segments = WriteRandom(random, 1 + random() % 20, &expected);
    records_ = 0;
    Merger merger(segments, cancelled_, &records_);
    ASSERT_TRUE(Drain(merger) == expected) << "seed " << seed;
    EXPECT_EQ(records_, expected.size());
  }
}

TEST_F(MergerTest, NoSegmentsAreNoPairs) {
  Merger merger({}, cancelled_, &records_);
  EXPECT_THAT(Drain(merger), IsEmpty());
}

TEST_F(MergerTest, SeveralPassesGiveTheSameAsOne) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    Pairs expected;
    const auto segments = WriteRandom(random, 40, &expected);
    const std::string scratch = dir_.path("scratch");
    std::filesystem::create_directory(scratch);
    MergeStatistics statistics;
    // Memory for nothing but pairs of runs.
    const auto merged = MergeSegments(segments, {1, scratch, {{JobId(1), 1, 0}, AttemptId(99)}, 0},
                                      cancelled_, &records_, &statistics);
    ASSERT_TRUE(Drain(*merged) == expected) << "seed " << seed;
    EXPECT_GE(statistics.scratch_runs, 39u);
    EXPECT_GT(statistics.scratch_bytes, 0u);
    std::filesystem::remove_all(scratch);
  }
}

TEST_F(MergerTest, OnlyASegmentThatIsGoneIsLostAndOneThatCannotBeReadIsAnErrorHere) {
  const SegmentRef segment = WriteSegment(0, {{"k", "v"}}, 1);
  std::filesystem::remove(segment.path);
  const auto merge = [&] { Merger({segment}, cancelled_, &records_).NextBatch(); };
  EXPECT_THROW(merge(), LostOutputError);
  std::filesystem::create_directory(segment.path);
  try {
    merge();
    ADD_FAILURE() << "a directory was read";
  } catch (const LostOutputError&) {
    ADD_FAILURE() << "the output was declared lost";
  } catch (const TaskError&) {
  }
}

TEST_F(MergerTest, CancellationStopsTheMerge) {
  const SegmentRef segment = WriteSegment(0, Pairs(5000, {"k", "v"}), 100);
  Merger merger({segment}, cancelled_, &records_);
  EXPECT_FALSE(merger.NextBatch().empty());
  cancelled_ = true;
  EXPECT_THROW(merger.NextBatch(), TaskCancelled);
}

TEST_F(MergerTest, ADamagedRunNamesItsMapTaskAgainAndAgain) {
  const SegmentRef good = WriteSegment(0, Pairs(500, {"k", "v"}), 10);
  const SegmentRef bad = WriteSegment(1, Pairs(500, {"k", "v"}), 10);
  std::string bytes = ReadFile(bad.path);
  bytes[bytes.size() / 2] ^= 1;
  dir_.Write("run-1", bytes);
  Merger merger({good, bad}, cancelled_, &records_);
  for (int i = 0; i < 2; ++i) {  // who swallows the first can't go on with less data
    try {
      Drain(merger);
      FAIL() << "the damage was not found";
    } catch (const LostOutputError& error) {
      EXPECT_THAT(error.lost(), ElementsAre(TaskRef{JobId(1), 0, 1}));
    }
  }
}

TEST(MergePlan, WhatFitsIsMergedAtOnce) {
  EXPECT_THAT(PlanMergePass({100, 100, 100}, 300), IsEmpty());
  EXPECT_THAT(PlanMergePass({}, 0), IsEmpty());
  EXPECT_THAT(PlanMergePass({100}, 1), IsEmpty());
}

TEST(MergePlan, NoMoreIsMergedBeforehandThanTheBudgetAsksFor) {
  const std::uint64_t block = kBlockBytesTarget;
  // Ten blocks, memory for eight: merging three into one is enough.
  EXPECT_THAT(PlanMergePass(std::vector<std::uint64_t>(10, block), 8 * block),
              ElementsAre(Pair(0, 3)));
}

TEST(MergePlan, GroupsKeepToTheBudget) {
  const std::uint64_t block = kBlockBytesTarget;
  // A hundred blocks, memory for ten: groups of eight leave room for the run they write.
  const auto groups = PlanMergePass(std::vector<std::uint64_t>(100, block), 10 * block);
  std::size_t next = 0;
  for (const auto& [begin, end] : groups) {
    EXPECT_EQ(begin, next);
    EXPECT_LE(end - begin, 8u);
    next = end;
  }
  EXPECT_EQ(groups.size(), 13u);
}

}  // namespace
}  // namespace gristmill::worker
