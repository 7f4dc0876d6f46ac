// A small job whose tasks a test runs one by one. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/pair_codec.h"
#include "gristmill/registry.h"
#include "storage/input_files.h"
#include "storage/output_directory.h"
#include "storage/split_planner.h"
#include "storage/test_directory.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::worker {

// What the job below does with each line of a map task, for the tests of failures.
inline std::function<void(std::string_view)> on_line;
// What ends its results.
inline std::string result_tail;
// What it does as a task begins.
inline std::function<void(const TaskInfo&)> on_task;
// What it counts beside its lines.
inline std::vector<CounterValue> more_counters;

// Emits each line as a key, its partition told by its first byte; reduces to "key<TAB>count".
class LineCount final : public TaskRunner {
 public:
  explicit LineCount(const TaskInfo& info) : info_(info) {}

  void RunMap(InputSource& input, RunSink& runs) override {
    if (on_task) on_task(info_);
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
    if (on_task) on_task(info_);
    for (const std::string& line : Lines(input)) output.Append(line + "!\n", 1);
  }

  void RunReduce(PairSource& pairs, OutputSink& output) override {
    if (on_task) on_task(info_);
    std::map<std::string, int> counts;
    for (auto batch = pairs.NextBatch(); !batch.empty(); batch = pairs.NextBatch()) {
      for (const EncodedPair& pair : batch) ++counts[std::string(pair.key_view())];
    }
    for (const auto& [key, count] : counts) {
      output.Append(key + "\t" + std::to_string(count) + "\n", 1);
    }
  }

  // The pairs as they are, but no apples; the result is the number of all.
  void RunReduceToRuns(PairSource& pairs, RunSink& runs) override {
    for (auto batch = pairs.NextBatch(); !batch.empty(); batch = pairs.NextBatch()) {
      for (const EncodedPair& pair : batch) {
        ++lines_;
        if (pair.key_view() == "apple") continue;
        runs.BeginRun();
        std::string block;
        AppendPair(&block, pair.key_view(), pair.value_view());
        runs.Append(PartitionOf(std::string(pair.key_view())), block, 1);
        runs.EndRun();
      }
    }
  }
  std::string TakeResult(std::uint64_t) override { return std::to_string(lines_) + result_tail; }

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

inline const bool registered = [] {
  JobInfo info;
  info.name = "line-count";
  info.key_type = "string";
  info.value_type = "u64";
  info.make_task = [](const ParamMap&, const TaskInfo& task) {
    return std::make_unique<LineCount>(task);
  };
  return RegisterJob(std::move(info));
}();

// Two map tasks over small files and two reduce tasks, run one by one.
class TaskFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(registered);
    on_line = nullptr;
    on_task = nullptr;
    more_counters.clear();
    result_tail.clear();
    job_.job = 7;
    job_.spill_directory = dir_.path("spill");
    job_.task_memory_bytes = 64 << 20;
    job_.plan.mutable_request()->set_job("line-count");
    job_.plan.mutable_request()->set_split_bytes(10);
    job_.plan.add_inputs()->set_format(v1::INPUT_FORMAT_TEXT_LINES);
    job_.plan.set_output_format(v1::OUTPUT_FORMAT_TEXT);
    dir_.Write("in/a", "pear\napple\nfig\napple\n");
    dir_.Write("in/b", "fig\nzebra\nfig");
    const auto files = FindInputFiles({dir_.path("in")});
    ASSERT_TRUE(files.ok()) << files.status();
    for (const v1::InputFile& file : *files) *job_.plan.mutable_inputs(0)->add_files() = file;
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
  void TearDown() override {
    on_line = nullptr;
    on_task = nullptr;
  }

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
    sources->set_stage_tasks(job_.plan.stages(0).task_count());
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

}  // namespace gristmill::worker
