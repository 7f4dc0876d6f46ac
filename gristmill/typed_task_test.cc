#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/memory_ports.h"

namespace gristmill {
namespace {

using testing::ElementsAre;

// One output file per partition, or per input for a map-only job.
struct Result {
  std::vector<std::string> files;
  std::vector<std::vector<CounterValue>> map_counters, reduce_counters;
};

struct Plan {
  ParamMap params = {};
  std::uint32_t partitions = 1;
  std::uint64_t memory_bytes = 16 << 20;
  OutputFormat output_format = OutputFormat::kText;
  std::size_t batch_pairs = 7;
};

TaskInfo InfoOf(const Plan& plan, std::size_t task) {
  TaskInfo info;
  info.task = static_cast<std::uint32_t>(task);
  info.partitions = plan.partitions;
  info.memory_bytes = plan.memory_bytes;
  info.input_path = "/in/" + std::to_string(task);
  info.output_format = plan.output_format;
  return info;
}

using Input = std::vector<std::string>;  // the blocks of one split

// What the framework does with a job, in memory.
template <typename J>
Result RunJob(const Plan& plan, const std::vector<Input>& inputs) {
  const JobInfo job = MakeJobInfo<J>();
  const JobDeclaration declared = job.declare(plan.params);
  Result result;
  std::vector<std::string> samples;
  for (std::size_t i = 0; declared.total_order() && i < inputs.size(); ++i) {
    MemoryInput input(inputs[i]);
    const auto task = job.make_task(plan.params, InfoOf(plan, i));
    samples.push_back(task->RunSample(input, 4096));
    EXPECT_THAT(task->counters(), ElementsAre());
  }
  std::vector<MemoryPair> pairs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    MemoryInput input(inputs[i]);
    TaskInfo info = InfoOf(plan, i);
    info.broadcasts = {std::make_shared<const std::vector<std::string>>(samples)};
    const auto task = job.make_task(plan.params, info);
    if (declared.has_shuffle()) {
      MemoryRuns runs;
      task->RunMap(input, runs);
      const std::vector<MemoryPair> merged = runs.Merged();
      pairs.insert(pairs.end(), merged.begin(), merged.end());
    } else {
      MemoryOutput output;
      task->RunMapOnly(input, output);
      result.files.push_back(output.bytes());
    }
    result.map_counters.push_back(task->counters());
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const MemoryPair& a, const MemoryPair& b) { return a.key < b.key; });
  for (std::uint32_t p = 0; declared.has_shuffle() && p < plan.partitions; ++p) {
    std::vector<MemoryPair> mine;
    std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(mine),
                 [p](const MemoryPair& pair) { return pair.partition == p; });
    MemoryPairs source(mine, plan.batch_pairs);
    MemoryOutput output;
    const auto task = job.make_task(plan.params, InfoOf(plan, p));
    task->RunReduce(source, output);
    result.files.push_back(output.bytes());
    result.reduce_counters.push_back(task->counters());
  }
  return result;
}

class CountWords {
 public:
  static constexpr std::string_view kName = "countwords";
  static constexpr std::string_view kSummary = "counts words";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) { params.Add("skip", &skip_, "a word that does not count"); }
  std::string Validate() const { return skip_ == "all" ? "parameter 'skip' can't be 'all'" : ""; }
  void Setup(TaskContext& context) { skipped_ = &context.counter("skipped"); }
  void Map(std::string_view line, Emitter<CountWords>& out) {
    while (!line.empty()) {
      const std::string_view word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), word.size() + 1));
      if (word == skip_) {
        skipped_->Add();
      } else {
        out.Emit(word, 1);
      }
    }
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  std::string skip_;
  Counter* skipped_ = nullptr;
};

TEST(CombineJob, FoldsOverBlocksSplitsAndPartitions) {
  const Result result = RunJob<CountWords>({.params = {{"skip", "the"}}},
                                           {{"the cat\r\n", "a cat\n\na"}, {"the dog a the"}});
  EXPECT_THAT(result.files, ElementsAre("a\t3\ncat\t2\ndog\t1\n"));
  EXPECT_THAT(result.map_counters[0],
              ElementsAre(CounterValue{"combine_output_pairs", 2}, CounterValue{"input_records", 4},
                          CounterValue{"map_output_pairs", 4}, CounterValue{"skipped", 1}));
  EXPECT_THAT(result.reduce_counters[0],
              ElementsAre(CounterValue{"output_records", 3}, CounterValue{"reduce_groups", 3},
                          CounterValue{"skipped", 0}));
}

TEST(CombineJob, OutputDoesNotDependOnMemory) {
  std::mt19937_64 random(5);
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "word" + std::to_string(random() % 5000) + " ";
  const Result roomy = RunJob<CountWords>({.partitions = 3}, {{text}});
  const Result tight = RunJob<CountWords>({.partitions = 3, .memory_bytes = 1}, {{text}});
  EXPECT_EQ(roomy.files, tight.files);
  EXPECT_NE(roomy.map_counters, tight.map_counters) << "the tight one should have spilled";
  for (std::uint32_t p = 0; p < 3; ++p) {
    EXPECT_EQ(HashPartition(roomy.files[p].substr(0, roomy.files[p].find('\t')), 3), p);
  }
}

// Joins the values of each key that is read to the end; of keys that begin with 'x' it reads one.
class JoinValues {
 public:
  static constexpr std::string_view kName = "joinvalues";
  static constexpr std::string_view kSummary = "joins values";
  using Key = std::string;
  using Value = std::pair<std::uint32_t, std::string>;
  using OutputValue = std::string;

  void Map(std::string_view line, Emitter<JoinValues>& out) {
    out.Emit(line.substr(0, 1), {out.context().task(), std::string(line.substr(1))});
  }
  void Reduce(std::string_view key, Values<JoinValues>& values, Output<JoinValues>& out) {
    std::string joined;
    for (const auto& [task, text] : values) {
      joined += std::to_string(task) + text + ";";
      if (key == "x") break;
    }
    out.Emit(key, joined);
  }
  std::uint32_t Partition(std::string_view key, std::uint32_t partitions) const {
    return key < "m" ? 0 : partitions - (key == "z" ? 0 : 1);
  }
  void TearDown(Emitter<JoinValues>& out) { out.Emit("e", {out.context().task(), "end"}); }
  void TearDown(Output<JoinValues>& out) { out.Emit("--"); }
};

TEST(ReduceJob, KeepsTheOrderOfEmissionAndSkipsWhatIsNotRead) {
  for (const std::size_t batch : {1, 2, 100}) {
    const Result result = RunJob<JoinValues>({.partitions = 2, .batch_pairs = batch},
                                             {{"b2\nx1\nb1\n", "x2\nb3\n"}, {"y9\nx3\nb0"}});
    EXPECT_THAT(result.files,
                ElementsAre("b\t02;01;03;10;\ne\t0end;1end;\n--\n", "x\t01;\ny\t19;\n--\n"));
    EXPECT_THAT(result.reduce_counters[1],
                ElementsAre(CounterValue{"output_records", 3}, CounterValue{"reduce_groups", 2}));
  }
}

TEST(ReduceJob, OutputDoesNotDependOnMemory) {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += std::string(1, static_cast<char>('a' + i % 11)) + std::to_string(i) + "\n";
  EXPECT_EQ(RunJob<JoinValues>({.partitions = 2}, {{text}}).files,
            RunJob<JoinValues>({.partitions = 2, .memory_bytes = 1}, {{text}}).files);
}

TEST(ReduceJob, APartitionOutOfRangeIsASentence) {
  try {
    RunJob<JoinValues>({.partitions = 2}, {{"z"}});
    FAIL() << "nothing was thrown";
  } catch (const TaskError& error) {
    EXPECT_STREQ(error.what(),
                 "Partition of job 'joinvalues' returned 2 for 2 partitions; it must return less "
                 "than that");
  }
}

class LinesWithA {
 public:
  static constexpr std::string_view kName = "lineswitha";
  static constexpr std::string_view kSummary = "keeps lines";
  using Key = std::string;
  using Value = std::uint32_t;
  void Map(std::string_view line, Emitter<LinesWithA>& out) {
    if (line.find('a') == std::string_view::npos) return;
    out.Emit(line, static_cast<Value>(line.size()));
    out.Emit(line);
  }
};

TEST(MapOnlyJob, WritesOneFilePerSplitInTheOrderOfTheInput) {
  const Result result = RunJob<LinesWithA>({}, {{"za\nb\na\r\n"}, {""}, {"ba"}});
  EXPECT_THAT(result.files, ElementsAre("za\t2\nza\na\t1\na\n", "", "ba\t2\nba\n"));
  EXPECT_THAT(result.map_counters[0],
              ElementsAre(CounterValue{"input_records", 3}, CounterValue{"output_records", 4}));
}

TEST(MapOnlyJob, WritesFixedRecordsAndRecordFiles) {
  const Result fixed = RunJob<LinesWithA>({.output_format = OutputFormat::kFixedRecords}, {{"a"}});
  EXPECT_THAT(fixed.files, ElementsAre("a\1a"));
  const Result pairs = RunJob<LinesWithA>({.output_format = OutputFormat::kRecordFile}, {{"a"}});
  std::string expected;
  AppendPair(&expected, "a", "\1");
  AppendPair(&expected, "a", std::string_view("\0", 1));
  EXPECT_THAT(pairs.files, ElementsAre(expected));
}

class SortRecords {
 public:
  static constexpr std::string_view kName = "sortrecords";
  static constexpr std::string_view kSummary = "sorts records";
  static constexpr bool kTotalOrder = true;
  using Key = std::string;
  using Value = std::string;
  InputSpec Input() const { return {InputFormat::kFixedRecords, 4, {}}; }
  OutputFormat Format() const { return OutputFormat::kFixedRecords; }
  void Map(std::string_view record, Emitter<SortRecords>& out) {
    out.context().Count("mapped");
    out.Emit(record.substr(0, 3), record.substr(3));
  }
  void Reduce(std::string_view key, Values<SortRecords>& values, Output<SortRecords>& out) {
    for (const std::string_view value : values) out.Emit(key, value);
  }
};

TEST(TotalOrderJob, FilesOneAfterTheOtherAreSorted) {
  std::mt19937_64 random(9);
  std::vector<std::string> records;
  std::vector<Input> inputs;
  for (int split = 0; split < 3; ++split) {
    std::string block;
    for (int i = 0; i < 3000; ++i) {
      records.push_back(std::to_string(1000 + random() % 9000));
      block += records.back();
    }
    inputs.push_back({block});
  }
  const Result result =
      RunJob<SortRecords>({.partitions = 4, .output_format = OutputFormat::kFixedRecords}, inputs);
  std::stable_sort(records.begin(), records.end(), [](const std::string& a, const std::string& b) {
    return a.substr(0, 3) < b.substr(0, 3);
  });
  std::string expected, actual;
  for (const std::string& record : records) expected += record;
  for (const std::string& file : result.files) {
    actual += file;
    EXPECT_GT(file.size(), expected.size() / 8) << "ranges are uneven";
  }
  EXPECT_EQ(actual, expected);
}

TEST(FixedRecords, AnInputThatEndsInsideARecordIsASentence) {
  EXPECT_THROW(RunJob<SortRecords>({}, {{"12345"}}), TaskError);
}

class SumIntegers {
 public:
  static constexpr std::string_view kName = "sumintegers";
  static constexpr std::string_view kSummary = "sums";
  using Key = None;
  using Value = std::int64_t;
  void Declare(Params& params) { params.Add("to", &to_, ""); }
  InputSpec Input() const { return {InputFormat::kIntegerRange, 0, {0, to_}}; }
  void Map(IntegerRange range, Emitter<SumIntegers>& out) {
    for (std::int64_t i = range.begin; i < range.end; ++i) out.Emit({}, i);
  }
  static Value Combine(const Value& a, const Value& b) { return a + b; }

 private:
  std::int64_t to_ = 10;
};

TEST(RangeJob, MapsARangeOnceAndCountsItsIntegers) {
  const JobInfo job = MakeJobInfo<SumIntegers>();
  TaskInfo info;
  info.memory_bytes = 1 << 20;
  const auto task = job.make_task({}, info);
  MemoryInput input(IntegerRange{0, 100});
  MemoryRuns runs;
  task->RunMap(input, runs);
  ASSERT_EQ(runs.Merged().size(), 1u);
  EXPECT_EQ(DecodeValue<std::int64_t>(runs.Merged()[0].value), 4950);
  EXPECT_THAT(task->counters(), testing::Contains(CounterValue{"input_records", 100}));
  EXPECT_EQ(job.declare({{"to", "77"}}).inputs.front().spec.range, (IntegerRange{0, 77}));
  EXPECT_EQ(job.check_params({{"to", "-1"}}),
            "job 'sumintegers' asks for the integers from 0 to -1; the end must not be below the "
            "beginning");
}

class FileSizes {
 public:
  static constexpr std::string_view kName = "filesizes";
  static constexpr std::string_view kSummary = "sizes";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(const WholeFile& file, Emitter<FileSizes>& out) {
    out.Emit(file.path, file.contents.size());
  }
};

TEST(WholeFileJob, GetsThePathAndAllContents) {
  EXPECT_EQ(MakeJobInfo<FileSizes>().declare({}).inputs.front().spec.format,
            InputFormat::kWholeFiles);
  EXPECT_THAT(RunJob<FileSizes>({}, {{"a\nb\n"}, {""}}).files,
              ElementsAre("/in/0\t4\n", "/in/1\t0\n"));
}

// A set union whose values own memory, taken by rvalue and by reference.
class UniteSets {
 public:
  static constexpr std::string_view kName = "unitesets";
  static constexpr std::string_view kSummary = "unites";
  using Key = std::pair<std::string, std::int32_t>;
  using Value = std::vector<std::string>;
  void Map(std::string_view line, Emitter<UniteSets>& out) {
    const Value held = {std::string(line.substr(1))};
    out.Emit({std::string(line.substr(0, 1)), -1}, held);
    out.Emit({std::string(line.substr(0, 1)), 1}, {std::string(line), std::string(40, '.')});
  }
  static Value Combine(Value&& a, const Value& b) {
    for (const std::string& text : b) {
      if (std::find(a.begin(), a.end(), text) == a.end()) a.push_back(text);
    }
    return std::move(a);
  }
};

TEST(CombineJob, FoldsValuesThatOwnMemory) {
  const std::string dots(40, '.');
  const Result result = RunJob<UniteSets>({}, {{"a1\na2\na1\n"}, {"a3\nb1\n"}});
  EXPECT_THAT(result.files, ElementsAre("a,-1\t1,2,3\na,1\ta1," + dots +
                                        ",a2,a3\nb,-1\t1\nb,1\tb1," + dots + "\n"));
}

class Throws {
 public:
  static constexpr std::string_view kName = "throws";
  static constexpr std::string_view kSummary = "throws";
  using Key = std::string;
  using Value = std::uint64_t;
  void Map(std::string_view line, Emitter<Throws>&) { throw std::out_of_range(std::string(line)); }
  static Value Combine(Value a, Value b) { return a + b; }
};

TEST(UserExceptions, PassThroughUntouched) {
  EXPECT_THROW(RunJob<Throws>({}, {{"boom"}}), std::out_of_range);
}

}  // namespace
}  // namespace gristmill
