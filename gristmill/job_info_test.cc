// What the framework learns of a job's class, and finds by its name.
#include <gtest/gtest.h>

#include <string>

#include "gristmill/job.h"
#include "gristmill/memory_ports.h"

namespace gristmill {
namespace {

class CountWords {
 public:
  static constexpr std::string_view kName = "countwords";
  static constexpr std::string_view kSummary = "counts words";
  using Key = std::string;
  using Value = std::uint64_t;
  void Declare(Params& params) { params.Add("skip", &skip_, "a word that does not count"); }
  std::string Validate() const { return skip_ == "all" ? "parameter 'skip' can't be 'all'" : ""; }
  void Map(std::string_view line, Emitter<CountWords>& out) {
    if (line != skip_) out.Emit(line, 1);
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  std::string skip_;
};

class SortRecords {
 public:
  static constexpr std::string_view kName = "sortrecords";
  static constexpr std::string_view kSummary = "sorts records into one file";
  static constexpr bool kTotalOrder = true;
  static constexpr std::uint32_t kPartitions = 1;
  using Key = std::string;
  using Value = std::string;
  InputSpec Input() const { return {InputFormat::kFixedRecords, 4, {}}; }
  OutputFormat Format() const { return OutputFormat::kFixedRecords; }
  void Map(std::string_view record, Emitter<SortRecords>& out) { out.Emit(record, ""); }
  void Reduce(std::string_view key, Values<SortRecords>&, Output<SortRecords>& out) {
    out.Emit(key, "");
  }
};

class Shout {
 public:
  static constexpr std::string_view kName = "shout";
  static constexpr std::string_view kSummary = "lines as they come";
  using Key = std::string;
  using Value = None;
  void Map(std::string_view line, Emitter<Shout>& out) { out.Emit(line); }
};

class SumIntegers {
 public:
  static constexpr std::string_view kName = "sumintegers";
  static constexpr std::string_view kSummary = "sums";
  using Key = None;
  using Value = std::int64_t;
  InputSpec Input() const { return {InputFormat::kIntegerRange, 0, {0, 10}}; }
  void Map(IntegerRange range, Emitter<SumIntegers>& out) { out.Emit({}, range.end); }
  static Value Combine(const Value& a, const Value& b) { return a + b; }
};

TEST(JobInfo, DescribesTheClass) {
  const JobInfo job = MakeJobInfo<SortRecords>();
  EXPECT_EQ(job.name, "sortrecords");
  EXPECT_EQ(job.key_type, "string");
  EXPECT_EQ(job.value_type, "string");
  EXPECT_TRUE(job.declare({}).has_shuffle());
  EXPECT_TRUE(job.declare({}).total_order());
  EXPECT_EQ(job.declare({}).output_format, OutputFormat::kFixedRecords);
  EXPECT_EQ(job.declare({}).partitions, 1u);
  EXPECT_FALSE(MakeJobInfo<Shout>().declare({}).has_shuffle());
  EXPECT_FALSE(MakeJobInfo<CountWords>().declare({}).total_order());
  EXPECT_EQ(MakeJobInfo<CountWords>().declare({}).partitions, 4u)
      << "unless the job says otherwise";
  EXPECT_EQ(MakeJobInfo<CountWords>().params.at(0).name, "skip");
}

struct CountsSomehow {
  static constexpr std::string_view kName = "somehow", kSummary = "somehow";
  using Key = std::string;
  using Value = std::uint64_t;
  static Value Combine(Value a, Value b) { return a + b; }
};
struct CountsLines : CountsSomehow {
  void Map(std::string_view, Emitter<CountsLines>&) {}
};
struct CountsPairsOfLines : CountsSomehow {
  static constexpr bool kOneTaskPerSplit = true;
  void Map(std::string_view, Emitter<CountsPairsOfLines>&) {}
};
struct CountsLast : CountsSomehow {
  void Map(std::string_view, Emitter<CountsLast>&) {}
  void TearDown(Emitter<CountsLast>&) {}
};
struct CountsLastAnywhere : CountsLast {
  static constexpr bool kOneTaskPerSplit = false;
  void Map(std::string_view, Emitter<CountsLastAnywhere>&) {}
  void TearDown(Emitter<CountsLastAnywhere>&) {}
};

TEST(JobInfo, SaysWhetherItMattersWhereSplitsEnd) {
  EXPECT_FALSE(MakeJobInfo<CountsLines>().declare({}).stages.front().one_task_per_split);
  EXPECT_TRUE(MakeJobInfo<CountsPairsOfLines>().declare({}).stages.front().one_task_per_split);
  EXPECT_TRUE(MakeJobInfo<CountsLast>().declare({}).stages.front().one_task_per_split)
      << "it emits once a task";
  EXPECT_FALSE(MakeJobInfo<CountsLastAnywhere>().declare({}).stages.front().one_task_per_split);
  EXPECT_FALSE(MakeJobInfo<SumIntegers>().declare({}).stages.front().one_task_per_split);
}

TEST(JobInfo, ChecksParametersAndThenTheJobsOwnRules) {
  const JobInfo job = MakeJobInfo<CountWords>();
  EXPECT_EQ(job.check_params({}), "");
  EXPECT_EQ(job.check_params({{"skp", "a"}}),
            "job 'countwords' has no parameter 'skp'; did you mean 'skip'?");
  EXPECT_EQ(job.check_params({{"skip", "all"}}), "parameter 'skip' can't be 'all'");
}

TEST(JobInfo, ATaskTheJobDoesNotHaveIsRefused) {
  MemoryOutput output;
  MemoryInput input(std::vector<std::string>{});
  const auto task = MakeJobInfo<CountWords>().make_task({}, TaskInfo());
  EXPECT_THROW(task->RunMapOnly(input, output), TaskError);
  EXPECT_THROW(task->RunSample(input, 10), TaskError);
}

GRISTMILL_JOB(CountWords);

TEST(Registry, FindsRegisteredJobsByName) {
  ASSERT_NE(FindJob("countwords"), nullptr);
  EXPECT_EQ(FindJob("countwords")->summary, "counts words");
  EXPECT_EQ(FindJob("countword"), nullptr);
  EXPECT_EQ(RegisteredJobs().size(), 1u);
}

TEST(RegistryDeathTest, TwoJobsOfOneNameEndTheProgram) {
  EXPECT_DEATH(RegisterJob(MakeJobInfo<CountWords>()), "two jobs are named 'countwords'");
}

}  // namespace
}  // namespace gristmill
