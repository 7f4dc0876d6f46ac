#include "worker/pipeline/task_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "base/status.h"
#include "gristmill/pair_codec.h"
#include "gristmill/registry.h"
#include "storage/input_files.h"
#include "storage/output_directory.h"
#include "storage/split_planner.h"
#include "storage/test_directory.h"
#include "worker/pipeline/segment_transfer.h"

namespace gristmill::worker {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

// What the job below does with each line of a map task, for the tests of failures.
std::function<void(std::string_view)> on_line;
// What it counts beside its lines.
std::vector<CounterValue> more_counters;

// Emits each line as a key, its partition told by its first byte; reduces to "key<TAB>count".
class LineCount final : public TaskRunner {
 public:
  explicit LineCount(const TaskInfo& info) : info_(info) {}

  void RunMap(InputSource& input, RunSink& runs) override {
    std::vector<std::string> lines = Lines(input);
    std::stable_sort(lines.begin(), lines.end(), [&](const auto& a, const auto& b) {
      return std::pair(PartitionOf(a), a) < std::pair(PartitionOf(b), b);
    });
    runs.BeginRun();
    for (const std::string& line : lines) {
      std::string block;
      AppendPair(&block, line, "");
      runs.Append(PartitionOf(line), block, 1);
    }
    runs.EndRun();
  }

  void RunMapOnly(InputSource& input, OutputSink& output) override {
    for (const std::string& line : Lines(input)) output.Append(line + "!\n", 1);
  }

  void RunReduce(PairSource& pairs, OutputSink& output) override {
    std::map<std::string, int> counts;
    for (auto batch = pairs.NextBatch(); !batch.empty(); batch = pairs.NextBatch()) {
      for (const EncodedPair& pair : batch) ++counts[std::string(pair.key_view())];
    }
    for (const auto& [key, count] : counts) {
      output.Append(key + "\t" + std::to_string(count) + "\n", 1);
    }
  }

  std::string RunSample(InputSource& input, std::uint64_t bytes_max) override {
    const std::vector<std::string> lines = Lines(input);
    return lines.empty() ? "" : lines.front().substr(0, bytes_max);
  }

  std::vector<CounterValue> counters() const override {
    std::vector<CounterValue> counters = more_counters;
    counters.push_back({"lines", lines_});
    return counters;
  }

 private:
  std::vector<std::string> Lines(InputSource& input) {
    std::vector<std::string> lines;
    InputBlock block;
    while (input.NextBlock(&block)) {
      for (std::size_t begin = 0; begin < block.bytes.size();) {
        const std::size_t end = std::min(block.bytes.find('\n', begin), block.bytes.size());
        lines.emplace_back(block.bytes.substr(begin, end - begin));
        if (on_line) on_line(lines.back());
        begin = end + 1;
      }
    }
    lines_ += lines.size();
    return lines;
  }
  std::uint32_t PartitionOf(const std::string& line) const {
    return line.empty() ? 0 : static_cast<unsigned char>(line[0]) % info_.partitions;
  }

  const TaskInfo info_;
  std::uint64_t lines_ = 0;
};

const bool registered = [] {
  JobInfo info;
  info.name = "line-count";
  info.key_type = "string";
  info.value_type = "u64";
  info.has_shuffle = true;
  info.make_task = [](const ParamMap&, const TaskInfo& task) {
    return std::make_unique<LineCount>(task);
  };
  return RegisterJob(std::move(info));
}();

// A port that copies segments out of a directory that stands for another host.
class CopyingPort final : public ShufflePort {
 public:
  explicit CopyingPort(std::string remote_spill) : remote_spill_(std::move(remote_spill)) {}

  absl::Status FetchToFile(const MapOutput& output, std::uint32_t partition,
                           const std::string& path, const std::atomic<bool>&) override {
    ++fetches;
    if (!failure.ok()) return failure;
    const RunFileId id{output.task, output.attempt};
    GM_ASSIGN_OR_RETURN(SegmentFileWriter writer, SegmentFileWriter::Create(path, id, partition));
    GM_ASSIGN_OR_RETURN(
        SegmentExporter exporter,
        SegmentExporter::Open(RunFilePath(remote_spill_, output.task.job.value(), output.task.stage,
                                          output.task.task, output.attempt.value()),
                              id, partition));
    for (SegmentPiece piece; !piece.last;) {
      GM_ASSIGN_OR_RETURN(piece, exporter.Next());
      GM_RETURN_IF_ERROR(writer.Append(piece.run, piece.data));
    }
    return writer.Finish();
  }

  absl::Status failure;
  std::atomic<int> fetches{0};

 private:
  const std::string remote_spill_;
};

class TaskExecutor : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(registered);
    on_line = nullptr;
    more_counters.clear();
    job_.job = 7;
    job_.spill_directory = dir_.path("spill");
    job_.task_memory_bytes = 64 << 20;
    job_.plan.mutable_request()->set_job("line-count");
    job_.plan.mutable_request()->set_split_bytes(10);
    job_.plan.set_input_format(v1::INPUT_FORMAT_TEXT_LINES);
    job_.plan.set_output_format(v1::OUTPUT_FORMAT_TEXT);
    dir_.Write("in/a", "pear\napple\nfig\napple\n");
    dir_.Write("in/b", "fig\nzebra\nfig");
    const auto files = FindInputFiles({dir_.path("in")});
    ASSERT_TRUE(files.ok()) << files.status();
    for (const v1::InputFile& file : *files) *job_.plan.add_files() = file;
    output_.emplace(StagedOutput::Prepare(dir_.path("out"), false, "a test").value());
    job_.plan.set_staging_directory(output_->staging());
    job_.plan.set_output_files(2);
    v1::StagePlan* const map = job_.plan.add_stages();
    map->set_kind(v1::STAGE_KIND_MAP);
    map->set_task_count(CountSplits(job_.plan));
    v1::StagePlan* const reduce = job_.plan.add_stages();
    reduce->set_kind(v1::STAGE_KIND_REDUCE);
    reduce->set_task_count(2);
    reduce->add_inputs()->set_kind(v1::EDGE_KIND_SHUFFLE);
  }
  void TearDown() override { on_line = nullptr; }

  v1::TaskReport Run(std::uint32_t stage, std::uint32_t task, std::uint64_t attempt) {
    v1::TaskAssignment assignment;
    assignment.mutable_id()->set_job(7);
    assignment.mutable_id()->set_stage(stage);
    assignment.mutable_id()->set_task(task);
    assignment.set_attempt(attempt);
    if (job_.plan.stages(static_cast<int>(stage)).kind() != v1::STAGE_KIND_REDUCE) {
      *assignment.mutable_split() = SplitTable(job_.plan).Get(task);
    }
    const v1::TaskReport report = ExecuteTask(job_, assignment, inputs_, control_);
    EXPECT_EQ(report.attempt(), attempt);
    return report;
  }

  // Runs all map tasks, attempts 100, 101, …, and makes them known as the sources of stage 1.
  void RunMaps(const std::string& address = "") {
    auto sources = std::make_shared<v1::ShuffleSources>();
    sources->set_job(7);
    v1::ShufflePeer* const peer = sources->add_peers();
    peer->set_spill_directory(job_.spill_directory);
    peer->set_address(address);
    for (std::uint32_t task = 0; task < job_.plan.stages(0).task_count(); ++task) {
      const v1::TaskReport report = Run(0, task, 100 + task);
      ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
      sources->add_tasks(task);
      sources->add_attempts(100 + task);
      sources->add_peer_indexes(0);
    }
    inputs_.sources[0] = sources;
  }

  std::string OutputOf(std::uint32_t partition, std::uint64_t attempt) {
    return ReadFile(
        AttemptFilePath(job_.plan.staging_directory(), partition, 2, AttemptId(attempt)));
  }

  static std::map<std::string, std::uint64_t> Counters(const v1::TaskReport& report) {
    std::map<std::string, std::uint64_t> counters;
    for (const v1::Counter& counter : report.counters()) counters[counter.name()] = counter.value();
    return counters;
  }

  const TestDirectory dir_;
  std::optional<StagedOutput> output_;
  JobContext job_;
  TaskInputs inputs_;
  AttemptControl control_;
};

TEST_F(TaskExecutor, MapsAndReducesToTheOutputOfASequentialRun) {
  RunMaps();
  ASSERT_EQ(Run(1, 0, 200).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  ASSERT_EQ(Run(1, 1, 201).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(OutputOf(0, 200), "fig\t3\npear\t1\nzebra\t1\n");
  EXPECT_EQ(OutputOf(1, 201), "apple\t2\n");
  ASSERT_TRUE(output_->Commit({AttemptId(200), AttemptId(201)}).ok());
  EXPECT_EQ(ReadFile(dir_.path("out/part-00001-of-00002")), "apple\t2\n");
  EXPECT_THAT(dir_.Files(), Not(Contains(HasSubstr("scratch"))));
}

TEST_F(TaskExecutor, CountsBytesBesideTheJobsOwnCounters) {
  RunMaps();
  EXPECT_EQ(control_.records, 7u - 1);  // the last line has no end
  const auto map = Counters(Run(0, 0, 300));
  EXPECT_THAT(map, Contains(Pair("lines", 2u)));
  EXPECT_THAT(map, Contains(Pair("input_bytes", 11u)));
  EXPECT_THAT(map, Contains(Pair("spilled_runs", 1u)));
  const auto reduce = Counters(Run(1, 0, 301));
  EXPECT_THAT(reduce, Contains(Pair("output_bytes", 21u)));
  EXPECT_GT(reduce.at("shuffle_bytes"), 0u);
}

TEST_F(TaskExecutor, AReduceThatHardlyHasMemoryGivesTheSameBytes) {
  RunMaps();
  job_.task_memory_bytes = 100;  // less than a block: every pass merges pairs of runs
  const v1::TaskReport report = Run(1, 0, 200);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_EQ(OutputOf(0, 200), "fig\t3\npear\t1\nzebra\t1\n");
  EXPECT_GT(Counters(report).at("spilled_runs"), 0u);
}

TEST_F(TaskExecutor, MapOnlyTasksWriteTheirSplitsOutput) {
  job_.plan.mutable_stages()->RemoveLast();
  job_.plan.set_output_files(2);
  job_.plan.mutable_request()->set_split_bytes(1000);
  ASSERT_EQ(Run(0, 1, 9).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(OutputOf(1, 9), "fig!\nzebra!\nfig!\n");
}

TEST_F(TaskExecutor, AJobWithoutOutputCountsItsBytes) {
  job_.plan.mutable_stages()->RemoveLast();
  job_.plan.clear_staging_directory();
  const v1::TaskReport report = Run(0, 0, 9);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_THAT(Counters(report), Contains(Pair("output_bytes", 13u)));
}

TEST_F(TaskExecutor, SampleTasksReturnKeys) {
  job_.plan.mutable_stages(0)->set_kind(v1::STAGE_KIND_SAMPLE);
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.result(), "pear");
}

TEST_F(TaskExecutor, TheJobsExceptionIsTheMessageAndNoFileStays) {
  on_line = [](std::string_view) { throw std::runtime_error("no fruit \xff today"); };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_EQ(report.message(), "no fruit ? today");
  EXPECT_THAT(report.counters(), IsEmpty());
  EXPECT_THAT(dir_.Files(), ElementsAre("in/a", "in/b", "out/_temporary/_LOCK"));
}

TEST_F(TaskExecutor, AnExceptionOfAnyOtherTypeIsCaughtToo) {
  on_line = [](std::string_view) { throw 42; };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("unknown type"));
}

TEST_F(TaskExecutor, ACancelledAttemptIsHandedBackWhateverItsErrorIs) {
  on_line = [this](std::string_view) {
    control_.cancelled = true;
    throw std::runtime_error("the files went away");
  };
  EXPECT_EQ(Run(0, 0, 9).outcome(), v1::TASK_OUTCOME_HANDED_BACK);
  on_line = nullptr;
  EXPECT_EQ(Run(0, 0, 10).outcome(), v1::TASK_OUTCOME_HANDED_BACK);
  EXPECT_THAT(dir_.Files(), ElementsAre("in/a", "in/b", "out/_temporary/_LOCK"));
}

TEST_F(TaskExecutor, ACancellationThatNobodyAskedForIsAFailure) {
  on_line = [](std::string_view) { throw TaskCancelled(); };
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("threw TaskCancelled but nobody cancelled"));
}

TEST_F(TaskExecutor, TooManyCountersFailTheAttemptAndNoFileStays) {
  for (int i = 1; i < 10'000; ++i) more_counters.push_back({std::to_string(i), 1});
  EXPECT_EQ(Run(0, 0, 9).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  std::filesystem::remove_all(dir_.path("spill"));
  more_counters.push_back({"straw", 1});
  const v1::TaskReport report = Run(0, 0, 10);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_EQ(report.message(), "the job made more than 10000 counters; count fewer names");
  EXPECT_THAT(dir_.Files(), ElementsAre("in/a", "in/b", "out/_temporary/_LOCK"));
}

TEST_F(TaskExecutor, ACounterWithALongNameFailsTheAttempt) {
  more_counters = {{std::string(256, 'x'), 1}};
  EXPECT_EQ(Run(0, 0, 9).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  more_counters = {{std::string(257, 'x'), 1}};
  const v1::TaskReport report = Run(0, 0, 10);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("more than 256 bytes; shorten it"));
}

TEST_F(TaskExecutor, AChangedInputFileFailsTheTaskWithItsName) {
  dir_.Write("in/a", "other");
  const v1::TaskReport report = Run(0, 0, 9);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr(dir_.path("in/a") + "' changed since"));
}

TEST_F(TaskExecutor, AMissingAndADamagedMapOutputAreBothReportedAsLost) {
  RunMaps();
  std::filesystem::remove(RunFilePath(job_.spill_directory, 7, 0, 1, 101));
  const std::string damaged = RunFilePath(job_.spill_directory, 7, 0, 2, 102);
  std::string bytes = ReadFile(damaged);
  bytes.back() ^= 1;
  std::ofstream(damaged) << bytes;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FETCH_FAILED);
  ASSERT_EQ(report.lost_outputs_size(), 2);
  EXPECT_EQ(report.lost_outputs(0).task(), 1u);
  EXPECT_EQ(report.lost_outputs(1).task(), 2u);
  EXPECT_THAT(report.message(), HasSubstr("map task 1"));
  EXPECT_THAT(dir_.Files(), Each(Not(EndsWith("attempt-200"))));
}

TEST_F(TaskExecutor, ABlockThatIsDamagedIsLostEvenWhenTheMergeHasBegun) {
  RunMaps();
  const std::string damaged = RunFilePath(job_.spill_directory, 7, 0, 0, 100);
  std::string bytes = ReadFile(damaged);
  bytes[kRunFileHeaderBytes + kBlockHeaderBytes] ^= 1;
  std::ofstream(damaged) << bytes;
  std::uint32_t lost = 0;
  for (std::uint32_t partition = 0; partition < 2; ++partition) {
    const v1::TaskReport report = Run(1, partition, 200 + partition);
    if (report.outcome() == v1::TASK_OUTCOME_FETCH_FAILED) ++lost;
  }
  EXPECT_EQ(lost, 1u);  // the block belongs to one partition
}

TEST_F(TaskExecutor, OutputsOfOtherHostsAreFetched) {
  RunMaps("elsewhere:1");
  CopyingPort port(dir_.path("moved"));
  std::filesystem::rename(dir_.path("spill"), dir_.path("moved"));
  job_.shuffle = &port;
  const v1::TaskReport report = Run(1, 0, 200);
  ASSERT_EQ(report.outcome(), v1::TASK_OUTCOME_SUCCEEDED) << report.message();
  EXPECT_EQ(OutputOf(0, 200), "fig\t3\npear\t1\nzebra\t1\n");
  EXPECT_EQ(port.fetches, static_cast<int>(job_.plan.stages(0).task_count()));
  EXPECT_THAT(dir_.Files(), Not(Contains(HasSubstr("fetch"))));
}

TEST_F(TaskExecutor, AllOutputsOfAHostThatCannotBeReachedAreReportedTogether) {
  RunMaps("elsewhere:1");
  CopyingPort port(dir_.path("moved"));
  port.failure = Unavailable("nobody answers");
  std::filesystem::rename(dir_.path("spill"), dir_.path("moved"));
  job_.shuffle = &port;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FETCH_FAILED);
  EXPECT_EQ(report.lost_outputs_size(), static_cast<int>(job_.plan.stages(0).task_count()));
}

TEST_F(TaskExecutor, AFullDiskHereFailsTheAttemptAndLosesNoOutput) {
  RunMaps("elsewhere:1");
  CopyingPort port(dir_.path("moved"));
  port.failure = ResourceExhausted("the disk is full");
  std::filesystem::rename(dir_.path("spill"), dir_.path("moved"));
  job_.shuffle = &port;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.lost_outputs(), IsEmpty());
  EXPECT_THAT(report.message(), HasSubstr("the disk is full"));
}

TEST_F(TaskExecutor, AReduceOverAnIncompleteListOfOutputsIsRefused) {
  RunMaps();
  auto fewer = std::make_shared<v1::ShuffleSources>(*inputs_.sources[0]);
  fewer->mutable_tasks()->RemoveLast();
  fewer->mutable_attempts()->RemoveLast();
  fewer->mutable_peer_indexes()->RemoveLast();
  inputs_.sources[0] = fewer;
  EXPECT_THAT(Run(1, 0, 200).message(), HasSubstr("incomplete"));
}

TEST_F(TaskExecutor, ASpillDirectoryThatLeadsElsewhereIsRefused) {
  RunMaps();
  auto crooked = std::make_shared<v1::ShuffleSources>(*inputs_.sources[0]);
  crooked->mutable_peers(0)->set_spill_directory("/tmp/../etc");
  inputs_.sources[0] = crooked;
  const v1::TaskReport report = Run(1, 0, 200);
  EXPECT_EQ(report.outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("not a plain absolute path"));
}

TEST_F(TaskExecutor, AJobThatTheBinaryDoesNotHaveIsASentence) {
  job_.plan.mutable_request()->set_job("nope");
  EXPECT_THAT(Run(0, 0, 9).message(), HasSubstr("no job 'nope'"));
}

}  // namespace
}  // namespace gristmill::worker
