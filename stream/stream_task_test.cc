#include "stream/stream_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "gristmill/memory_ports.h"
#include "gristmill/registry.h"

namespace gristmill::stream {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class StreamTaskTest : public testing::Test {
 protected:
  StreamTaskTest() {
    info_.memory_bytes = 16 << 20;
    info_.partitions = 1;
  }

  // The pairs of all runs, merged.
  std::vector<MemoryPair> Map(const ParamMap& params, std::vector<std::string> blocks) {
    MemoryInput input(std::move(blocks));
    const auto task = MakeStreamTask(params, info_);
    task->RunMap(input, runs_);
    counters_ = task->counters();
    return runs_.Merged();
  }
  std::string MapOnly(const ParamMap& params, std::vector<std::string> blocks) {
    MemoryInput input(std::move(blocks));
    MemoryOutput output;
    const auto task = MakeStreamTask(params, info_);
    task->RunMapOnly(input, output);
    counters_ = task->counters();
    records_ = output.records();
    return output.bytes();
  }
  std::string Reduce(const ParamMap& params, std::vector<MemoryPair> pairs) {
    MemoryPairs source(std::move(pairs), 3);
    MemoryOutput output;
    const auto task = MakeStreamTask(params, info_);
    task->RunReduce(source, output);
    counters_ = task->counters();
    records_ = output.records();
    return output.bytes();
  }
  // The message with which the mapper fails.
  std::string Failure(const std::string& mapper) {
    try {
      MapOnly({{"mapper", mapper}}, {"line\n"});
      return "none";
    } catch (const TaskError& error) {
      return error.what();
    }
  }

  TaskInfo info_;
  MemoryRuns runs_;
  std::vector<CounterValue> counters_;
  std::uint64_t records_ = 0;
};

TEST_F(StreamTaskTest, LinesOfTheMapperArePairs) {
  const auto pairs = Map({{"mapper", "cat"}, {"reducer", "cat"}},
                         {"b\t1\nplain\na\tx\ty\n", "\tempty key\nb\t0\nlast"});
  EXPECT_THAT(pairs, ElementsAre(MemoryPair{0, "", "empty key"}, MemoryPair{0, "a", "x\ty"},
                                 MemoryPair{0, "b", "1"}, MemoryPair{0, "b", "0"},
                                 MemoryPair{0, "last", ""}, MemoryPair{0, "plain", ""}));
  EXPECT_THAT(counters_,
              ElementsAre(CounterValue{"input_records", 6}, CounterValue{"map_output_pairs", 6}));
}

TEST_F(StreamTaskTest, TheReducerReadsPairsAsLines) {
  EXPECT_EQ(Reduce({{"mapper", "cat"}, {"reducer", "cat; printf end"}},
                   {{0, "a", "1"}, {0, "a", "2"}, {0, "b", ""}, {0, "c", "x\ty"}}),
            "a\t1\na\t2\nb\t\nc\tx\ty\nend\n");
  EXPECT_EQ(records_, 5u);
  EXPECT_THAT(counters_,
              ElementsAre(CounterValue{"output_records", 5}, CounterValue{"reduce_groups", 3}));
}

TEST_F(StreamTaskTest, AReducerWithoutPairsRunsToo) {
  EXPECT_EQ(Reduce({{"mapper", "cat"}, {"reducer", "wc -l"}}, {}), "0\n");
}

TEST_F(StreamTaskTest, LinesLargerThanAPipePass) {
  const std::string line(std::size_t{3} << 20, 'x');
  EXPECT_EQ(MapOnly({{"mapper", "cat"}}, {line + "\n" + line}), line + "\n" + line + "\n");
  EXPECT_EQ(records_, 2u);
  EXPECT_THAT(Map({{"mapper", "cat"}, {"reducer", "cat"}}, {line + "\t1\n"}),
              ElementsAre(MemoryPair{0, line, "1"}));
}

TEST_F(StreamTaskTest, AnOrderOfKeysIsKeptThroughTheShuffle) {
  const ParamMap params = {
      {"mapper", "cat"}, {"reducer", "cat"}, {"key_fields", "2"}, {"sort", "-k2,2nr"}};
  const auto pairs = Map(params, {"a\t9\t1\nb\t10\t2\nc\t-1\t3\nd\t10\t4\na\t9\t5\n"});
  EXPECT_EQ(Reduce(params, pairs), "b\t10\t2\nd\t10\t4\na\t9\t1\na\t9\t5\nc\t-1\t3\n");
}

TEST_F(StreamTaskTest, PartOfTheKeyMayDecideThePartition) {
  info_.partitions = 5;
  const auto pairs = Map({{"mapper", "cat"},
                          {"reducer", "cat"},
                          {"separator", "."},
                          {"key_fields", "2"},
                          {"partition", "-k1,1"}},
                         {"a.1.x\na.2.x\na.3.x\na.4.x\nb.1.x\nc.1.x\nd.1.x\ne.1.x\n"});
  std::map<char, std::uint32_t> partition_of;
  for (const MemoryPair& pair : pairs) {
    EXPECT_EQ(partition_of.emplace(pair.key[0], pair.partition).first->second, pair.partition);
  }
  EXPECT_EQ(partition_of.size(), 5u);
}

TEST_F(StreamTaskTest, ACombinerShortensEachRunWhateverItsOrder) {
  info_.memory_bytes = 1;  // as little as there can be: many runs
  std::string lines;
  for (int i = 0; i < 5'000; ++i) lines += "key" + std::to_string(i % 10) + "\t1\n";
  const auto pairs = Map({{"mapper", "cat"},
                          {"reducer", "cat"},
                          {"combiner",
                           "awk -F'\\t' '{ n[$1] += $2 } END { for (k in n) print k "
                           "\"\\t\" n[k] }'"}},
                         {lines});
  EXPECT_GT(runs_.runs().size(), 2u);
  EXPECT_EQ(pairs.size(), 10 * runs_.runs().size());
  int sum = 0;
  for (const MemoryPair& pair : pairs) sum += std::stoi(pair.value);
  EXPECT_EQ(sum, 5'000);
  EXPECT_THAT(counters_, Contains(CounterValue{"map_output_pairs", 5'000}));
  EXPECT_THAT(counters_, Contains(CounterValue{"combine_output_pairs", pairs.size()}));
}

TEST_F(StreamTaskTest, ACombinerThatIsCatChangesNothing) {
  const std::string lines = "b\na\ta.b\na.b.c.d\tx\na.b\na.b.\n.\n\na,1\n,\na.b\t\n";
  for (const char* separator : {"\\t", ".", ","}) {
    for (const char* key_fields : {"1", "2", "3"}) {
      for (const char* reducer_separator : {"", ",", "\\t"}) {
        for (const char* sort : {"", "-k1,1r"}) {
          ParamMap params = {{"mapper", "cat"},
                             {"reducer", "cat"},
                             {"separator", separator},
                             {"key_fields", key_fields},
                             {"reducer_separator", reducer_separator},
                             {"sort", sort}};
          runs_ = MemoryRuns();
          const auto pairs = Map(params, {lines});
          params["combiner"] = "cat";
          runs_ = MemoryRuns();
          EXPECT_EQ(Map(params, {lines}), pairs)
              << separator << ' ' << key_fields << ' ' << reducer_separator << ' ' << sort;
        }
      }
    }
  }
}

TEST_F(StreamTaskTest, AMapperThatStopsReadingIsNoError) {
  std::vector<std::string> blocks(50, std::string(std::size_t{1} << 20, '\n'));
  blocks[0] = "first\n" + blocks[0];
  EXPECT_EQ(MapOnly({{"mapper", "head -n 1"}}, blocks), "first\n");
}

TEST_F(StreamTaskTest, AFailureSaysWhichCommandHowAndItsLastWords) {
  EXPECT_EQ(Failure("echo one >&2; echo two >&2; exit 3"),
            "the mapper 'echo one >&2; echo two >&2; exit 3' exited with code 3; the end of its "
            "stderr:\n  one\n  two");
  EXPECT_THAT(Failure("kill -SEGV $$"), HasSubstr("was ended by signal 11 (Segmentation fault)"));
  EXPECT_THAT(Failure("echo reporter:status:half way >&2; exit 1"),
              AllOf(HasSubstr("after it reported 'half way'"), HasSubstr("wrote nothing")));
  EXPECT_THAT(Failure("true | nosuch"), HasSubstr("a command that is not found"));
  EXPECT_THAT(Failure("nosuch"), HasSubstr("there is no program 'nosuch'"));
}

TEST_F(StreamTaskTest, AFailureThatMayBeForLackOfMemoryNamesTheLimit) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_DATA, &before), 0);
  // More than any sanitizer takes.
  const rlimit lower{.rlim_cur = rlim_t{1} << 60, .rlim_max = before.rlim_max};
  EXPECT_THAT(Failure("echo MemoryError >&2; exit 1"), Not(HasSubstr("--memory")));
  ASSERT_EQ(setrlimit(RLIMIT_DATA, &lower), 0);
  EXPECT_THAT(
      Failure("echo MemoryError >&2; exit 1"),
      AllOf(HasSubstr("no process may have more than 1099511627776 MiB"), HasSubstr("--memory")));
  EXPECT_THAT(Failure("kill -SEGV $$"), HasSubstr("--memory"));
  EXPECT_THAT(Failure("sh -c 'kill -KILL $$'; exit $?"), HasSubstr("--memory"));
  EXPECT_THAT(Failure("echo other >&2; exit 1"), Not(HasSubstr("--memory")));
  ASSERT_EQ(setrlimit(RLIMIT_DATA, &before), 0);
}

TEST_F(StreamTaskTest, AFailureOfTheReducerOrCombinerNamesThem) {
  EXPECT_THROW(Reduce({{"mapper", "cat"}, {"reducer", "exit 1"}}, {{0, "a", "1"}}), TaskError);
  try {
    Map({{"mapper", "cat"}, {"reducer", "cat"}, {"combiner", "exit 9"}}, {"a\t1\n"});
    ADD_FAILURE() << "no failure";
  } catch (const TaskError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the combiner 'exit 9' exited with code 9"));
  }
}

TEST_F(StreamTaskTest, CountersOfTheProgramAreCounted) {
  MapOnly({{"mapper", "cat; echo reporter:counter:my,lines,5 >&2"}}, {"line\n"});
  EXPECT_THAT(counters_, Contains(CounterValue{"my.lines", 5}));
}

TEST_F(StreamTaskTest, OtherFormatsHaveTheKeyBeforeTheSeparator) {
  info_.output_format = OutputFormat::kRecordFile;
  std::string expected;
  AppendPair(&expected, "a", "1\t2");
  AppendPair(&expected, "b", "");
  EXPECT_EQ(MapOnly({{"mapper", "cat"}}, {"a\t1\t2\nb"}), expected);
  EXPECT_EQ(records_, 2u);
}

TEST_F(StreamTaskTest, ACancelledAttemptDoesNotWaitForItsProgram) {
  const std::atomic<bool> cancelled{true};
  info_.cancelled = &cancelled;
  EXPECT_THROW(MapOnly({{"mapper", "sleep 1000"}}, {"line\n"}), TaskCancelled);
}

}  // namespace
}  // namespace gristmill::stream
