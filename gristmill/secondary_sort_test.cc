#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/memory_ports.h"
#include "gristmill/testing.h"

namespace gristmill {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Lines of USER TIME WHAT, as times and things by user; of users that begin with 'x' the first one.
struct Visits {
  static constexpr std::string_view kName = "visits";
  static constexpr std::string_view kSummary = "what users did, in the order of time";
  static constexpr std::size_t kGroupFields = 1;
  using Key = std::pair<std::string, std::int64_t>;
  using Value = std::string;
  using OutputKey = std::string;
  using OutputValue = std::string;

  void Map(std::string_view line, Emitter<Visits>& out) {
    const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
    const std::string user(line.substr(0, first));
    out.Emit({user, std::stoll(std::string(line.substr(first + 1, second - first - 1)))},
             line.substr(second + 1));
  }
  void Reduce(std::string_view user, Values<Visits>& values, Output<Visits>& out) {
    std::string text;
    for (const std::string_view what : values) {
      text += std::to_string(values.key().second) + std::string(what) + ";";
      EXPECT_EQ(values.key().first, user);
      if (user.starts_with('x')) break;
    }
    out.Emit(user, text);
  }
};

TEST(SecondarySort, ReduceGetsTheLeadingFieldOnceAndValuesInTheOrderOfTheRest) {
  const std::vector<std::string> lines = {"b 7 p", "xa 3 q", "b -2 r", "a 5 s",
                                          "b 7 o", "xa 1 t", "b 10 u", "xb 1 v"};
  for (const std::size_t maps : {1, 2, 8}) {
    JobTester<Visits> tester;
    tester.set_map_tasks(maps);
    EXPECT_THAT(tester.Run(lines), ElementsAre(Pair("a", "5s;"), Pair("b", "-2r;7p;7o;10u;"),
                                               Pair("xa", "1t;"), Pair("xb", "1v;")));
    EXPECT_EQ(tester.counters().at("reduce_groups"), 4u);
  }
}

TEST(SecondarySort, AFieldThatIsTheBeginningOfAnotherIsAGroupOfItsOwn) {
  const std::string nul("a\0", 2);
  JobTester<Visits> tester;
  EXPECT_THAT(
      tester.Run({nul + " 1 p", "a 2 q", "aa 3 r", " 4 s", nul + " 0 t"}),
      ElementsAre(Pair("", "4s;"), Pair("a", "2q;"), Pair(nul, "0t;1p;"), Pair("aa", "3r;")));
}

TEST(SecondarySort, GroupsGoOnOverTheEndsOfBatches) {
  const JobInfo job = MakeJobInfo<Visits>();
  for (const std::size_t batch_pairs : {1, 2, 3, 100}) {
    std::vector<MemoryPair> pairs;
    for (int user = 0; user < 3; ++user) {
      for (std::int64_t time = 0; time < 5; ++time) {
        std::string key, value;
        AppendKey<Visits::Key>(&key, {std::string(40, static_cast<char>('a' + user)), time});
        AppendValue<std::string>(&value, "-");
        pairs.push_back({0, key, value});
      }
    }
    MemoryPairs source(pairs, batch_pairs);
    MemoryOutput output;
    job.make_task({}, TaskInfo())->RunReduce(source, output);
    const std::string times = "\t0-;1-;2-;3-;4-;\n";
    EXPECT_EQ(output.bytes(), std::string(40, 'a') + times + std::string(40, 'b') + times +
                                  std::string(40, 'c') + times);
  }
}

template <typename J>
std::vector<MemoryPair> MapToPartitions(const std::vector<std::string>& blocks,
                                        std::uint32_t partitions, std::uint64_t memory_bytes,
                                        const std::vector<std::string>& samples = {}) {
  TaskInfo info;
  info.partitions = partitions;
  info.memory_bytes = memory_bytes;
  info.broadcasts = {std::make_shared<const std::vector<std::string>>(samples)};
  MemoryInput input(blocks);
  MemoryRuns runs;
  MakeJobInfo<J>().make_task({}, info)->RunMap(input, runs);
  return runs.Merged();
}

// User 0 did one thing, user 1 three, and so on.
std::string ManyVisits() {
  std::string lines;
  for (int user = 0; user < 40; ++user) {
    for (int time = 0; time <= 2 * user; ++time) {
      lines += std::to_string(user) + " " + std::to_string(time * 7919 % 100) + " x\n";
    }
  }
  return lines;
}

std::map<std::string, std::set<std::uint32_t>> PartitionsByUser(
    const std::vector<MemoryPair>& pairs) {
  std::map<std::string, std::set<std::uint32_t>> partitions;
  for (const MemoryPair& pair : pairs) {
    partitions[DecodeKey<Visits::Key>(pair.key).first].insert(pair.partition);
  }
  return partitions;
}

TEST(SecondarySort, AGroupStaysInOnePartition) {
  for (const std::uint64_t memory_bytes : {std::uint64_t{1}, std::uint64_t{1} << 24}) {
    std::set<std::uint32_t> used;
    for (const auto& [user, partitions] :
         PartitionsByUser(MapToPartitions<Visits>({ManyVisits()}, 3, memory_bytes))) {
      EXPECT_EQ(partitions.size(), 1u) << user;
      used.insert(partitions.begin(), partitions.end());
    }
    EXPECT_THAT(used, ElementsAre(0, 1, 2));
  }
}

struct OrderedVisits : Visits {
  static constexpr bool kTotalOrder = true;
  void Map(std::string_view line, Emitter<OrderedVisits>& out) {
    const std::size_t first = line.find(' ');
    out.Emit({std::string(line.substr(0, first)), line.size()}, "");
  }
  void Reduce(std::string_view, Values<OrderedVisits>&, Output<OrderedVisits>&) {}
};

TEST(SecondarySort, RangesOfATotalOrderDoNotCutGroups) {
  MemoryInput sampled({ManyVisits()});
  const std::string samples = MakeJobInfo<OrderedVisits>()
                                  .make_task({}, TaskInfo())
                                  ->RunSample(sampled, std::uint64_t{1} << 16);
  const auto pairs =
      MapToPartitions<OrderedVisits>({ManyVisits()}, 4, std::uint64_t{1} << 24, {samples});
  std::set<std::uint32_t> used;
  for (const auto& [user, partitions] : PartitionsByUser(pairs)) {
    EXPECT_EQ(partitions.size(), 1u) << user;
    used.insert(partitions.begin(), partitions.end());
  }
  EXPECT_THAT(used, ElementsAre(0, 1, 2, 3));
}

// Two fields make a group; the Combine is of all three, and the job's own partition of the two.
struct Sums {
  static constexpr std::string_view kName = "sums";
  static constexpr std::string_view kSummary = "sums by three fields, listed by two";
  static constexpr std::size_t kGroupFields = 2;
  using Key = std::tuple<std::uint32_t, std::vector<bool>, std::string>;
  using Value = std::uint64_t;
  using OutputKey = GroupKey<Sums>;
  using OutputValue = std::string;

  void Map(std::string_view line, Emitter<Sums>& out) {
    out.Emit({line[0] - '0', std::vector<bool>(line[1] - '0'), std::string(line.substr(2))}, 1);
  }
  static Value Combine(Value a, Value b) { return a + b; }
  std::uint32_t Partition(const GroupKey<Sums>& group, std::uint32_t partitions) const {
    return std::get<0>(group) % partitions;
  }
  void Reduce(const GroupKey<Sums>& group, Values<Sums>& values, Output<Sums>& out) {
    std::string text;
    for (const std::uint64_t n : values) text += std::get<2>(values.key()) + std::to_string(n);
    out.Emit(group, text);
  }
};

TEST(SecondarySort, CombineFoldsPerWholeKeyAndSeveralFieldsMayMakeAGroup) {
  static_assert(std::same_as<GroupKey<Sums>, std::tuple<std::uint32_t, std::vector<bool>>>);
  JobTester<Sums> tester;
  tester.set_map_tasks(1);
  EXPECT_THAT(
      tester.Run({"12b", "12a", "12b", "01c", "11a", "12b"}),
      ElementsAre(Pair(GroupKey<Sums>(0, {false}), "c1"), Pair(GroupKey<Sums>(1, {false}), "a1"),
                  Pair(GroupKey<Sums>(1, {false, false}), "a1b3")));
  for (const MemoryPair& pair : MapToPartitions<Sums>({"12b\n31c\n22b\n"}, 2, 1 << 20)) {
    EXPECT_EQ(pair.partition, std::get<0>(DecodeKey<Sums::Key>(pair.key)) % 2);
  }
}

struct AsksTooEarly : Visits {
  void Map(std::string_view line, Emitter<AsksTooEarly>& out) { out.Emit({"", 0}, line); }
  void Reduce(std::string_view, Values<AsksTooEarly>& values, Output<AsksTooEarly>&) {
    values.key();
  }
};

TEST(SecondarySort, TheKeyOfNoValueIsASentence) {
  JobTester<AsksTooEarly> tester;
  try {
    tester.Run({"a"});
    FAIL() << "nothing was thrown";
  } catch (const TaskError& error) {
    EXPECT_STREQ(error.what(),
                 "key() was asked of Values that are at no value; ask within the loop over the "
                 "values");
  }
}

}  // namespace
}  // namespace gristmill
