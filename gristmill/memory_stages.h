// Runs all stages of a job in memory, one task after the other, for tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/memory_ports.h"
#include "gristmill/registry.h"
#include "gristmill/task.h"
#include "gristmill/task_cache.h"

namespace gristmill {

// Not thread-safe.
class MemoryStages {
 public:
  // As the job takes them: lines without their ends, fixed-length records, or the contents of
  // files.
  using Records = std::vector<std::string>;

  MemoryStages(JobInfo info, ParamMap params) : info_(std::move(info)), params_(std::move(params)) {
    if (const std::string problem = info_.check_params(params_); !problem.empty()) {
      throw TaskError(problem);
    }
    declared_ = info_.declare(params_);
    if (declared_.total_order()) {
      throw TaskError("job '" + info_.name + "' samples its input, which is not done here");
    }
  }

  const JobDeclaration& declared() const { return declared_; }
  void set_directory(std::string directory) { directory_ = std::move(directory); }
  // So many tasks share the records of each input.
  void set_map_tasks(std::size_t tasks) { map_tasks_ = std::max<std::size_t>(tasks, 1); }
  void set_partitions(std::uint32_t partitions) { partitions_ = std::max(partitions, 1u); }
  // Of each task; and so much again is what tasks may keep for later ones.
  void set_memory_bytes(std::uint64_t bytes) { memory_bytes_ = bytes; }

  // The job's output, partition after partition. `inputs`: by name.
  std::string Run(const std::map<std::string, Records>& inputs, OutputFormat format) {
    CheckInputs(inputs);
    counters_.clear();
    made_.assign(declared_.stages.size(), {});
    cache_ = std::make_unique<TaskCache>(memory_bytes_);
    std::string output;
    for (std::size_t stage = 0; stage < declared_.stages.size(); ++stage) {
      const std::size_t tasks = CountTasks(stage);
      for (std::size_t task = 0; task < tasks; ++task) {
        output += RunTask(stage, task, inputs, format);
      }
    }
    return output;
  }

  const std::map<std::string, std::uint64_t>& counters() const { return counters_; }

 private:
  // What the tasks of a stage left.
  struct Made {
    std::vector<MemoryPair> pairs;
    std::vector<std::string> results;
  };

  // Inputs that tasks read whole.
  class WholeInputs final : public InputOpener {
   public:
    WholeInputs(const MemoryStages& stages, const std::map<std::string, Records>& records)
        : stages_(stages), records_(records) {}
    std::uint32_t CountSplits(std::uint32_t) override {
      return static_cast<std::uint32_t>(stages_.map_tasks_);
    }
    std::unique_ptr<InputSource> Open(std::uint32_t input, std::uint32_t split,
                                      std::string*) override {
      return std::make_unique<MemoryInput>(
          stages_.SplitOf(stages_.declared_.inputs.at(input), split, records_));
    }

   private:
    const MemoryStages& stages_;
    const std::map<std::string, Records>& records_;
  };

  void CheckInputs(const std::map<std::string, Records>& inputs) const {
    for (const InputDeclaration& input : declared_.inputs) {
      if (input.spec.format == InputFormat::kIntegerRange) continue;
      const auto found = inputs.find(input.name);
      if (found == inputs.end()) {
        throw TaskError("job '" + info_.name + "' reads an input '" + input.name +
                        "'; give it some records");
      }
      for (const std::string& record : found->second) CheckRecord(input.spec, record);
    }
  }
  void CheckRecord(const InputSpec& spec, const std::string& record) const {
    if (spec.format == InputFormat::kTextLines && record.find('\n') != std::string::npos) {
      throw TaskError("a record of job '" + info_.name +
                      "' holds a line end; give each line as a record of its own");
    }
    if (spec.format == InputFormat::kFixedRecords && record.size() != spec.record_bytes) {
      throw TaskError("a record of job '" + info_.name + "' has " + std::to_string(record.size()) +
                      " bytes, not " + std::to_string(spec.record_bytes));
    }
  }

  std::size_t CountTasks(std::size_t stage) const {
    const StageDeclaration& declared = declared_.stages[stage];
    if (declared.kind == StageKind::kMap) return map_tasks_;
    return declared.one_task ? 1 : partitions_;
  }
  // Of the shuffle that the stage writes; else its own tasks.
  std::size_t CountPartitions(std::size_t stage) const {
    const std::size_t reader = ReaderBy(stage, ReadBy::kShuffle);
    return CountTasks(reader == declared_.stages.size() ? stage : reader);
  }
  std::size_t ReaderBy(std::size_t stage, ReadBy by) const {
    for (std::size_t reader = stage + 1; reader < declared_.stages.size(); ++reader) {
      for (const EdgeDeclaration& edge : declared_.stages[reader].edges) {
        if (edge.stage == stage && edge.by == by) return reader;
      }
    }
    return declared_.stages.size();
  }

  TaskInfo InfoOf(std::size_t stage, std::size_t task, OutputFormat format) const {
    TaskInfo info;
    info.stage = static_cast<std::uint32_t>(stage);
    info.task = static_cast<std::uint32_t>(task);
    info.partitions = static_cast<std::uint32_t>(CountPartitions(stage));
    info.memory_bytes = memory_bytes_;
    info.output_format = format;
    info.directory = directory_;
    info.cache = declared_.caches ? cache_.get() : nullptr;
    for (const EdgeDeclaration& edge : declared_.stages[stage].edges) {
      if (edge.by != ReadBy::kBroadcast) continue;
      info.broadcasts.push_back(
          std::make_shared<const std::vector<std::string>>(made_[edge.stage].results));
    }
    return info;
  }

  // Returns what it adds to the job's output.
  std::string RunTask(std::size_t stage, std::size_t task,
                      const std::map<std::string, Records>& inputs, OutputFormat format) {
    TaskInfo info = InfoOf(stage, task, format);
    if (declared_.stages[stage].kind == StageKind::kMap) info.input_offset = task;
    WholeInputs whole_inputs(*this, inputs);
    info.inputs = &whole_inputs;
    const std::unique_ptr<TaskRunner> runner = info_.make_task(params_, info);
    const bool last = stage + 1 == declared_.stages.size();
    MemoryRuns runs;
    MemoryOutput output;
    if (declared_.stages[stage].kind == StageKind::kMap) {
      MemoryInput input = SplitOf(declared_.inputs[declared_.stages[stage].input], task, inputs);
      last ? runner->RunMapOnly(input, output) : runner->RunMap(input, runs);
    } else {
      MemoryPairs pairs(PairsOf(stage, task), kBatchPairs);
      last ? runner->RunReduce(pairs, output) : runner->RunReduceToRuns(pairs, runs);
    }
    const std::vector<MemoryPair> merged = runs.Merged();
    made_[stage].pairs.insert(made_[stage].pairs.end(), merged.begin(), merged.end());
    if (ReaderBy(stage, ReadBy::kBroadcast) < declared_.stages.size()) {
      made_[stage].results.push_back(runner->TakeResult(kResultBytesMax));
      if (made_[stage].results.back().size() > kResultBytesMax) {
        throw TaskError(
            "the result of a task, which all tasks of a later stage get, takes more than "
            "64 KiB; let it hold less");
      }
    }
    for (const CounterValue& counter : runner->counters()) counters_[counter.name] += counter.value;
    return output.bytes();
  }

  MemoryInput SplitOf(const InputDeclaration& input, std::size_t task,
                      const std::map<std::string, Records>& inputs) const {
    if (input.spec.format == InputFormat::kIntegerRange) {
      const auto length = static_cast<std::uint64_t>(input.spec.range.end - input.spec.range.begin);
      const auto at = [&](std::size_t part) {
        return input.spec.range.begin + static_cast<std::int64_t>(part * length / map_tasks_);
      };
      return MemoryInput(IntegerRange{at(task), at(task + 1)});
    }
    const Records& records = inputs.at(input.name);
    std::vector<std::string> blocks;
    std::string bytes;
    for (std::size_t i = task * records.size() / map_tasks_;
         i < (task + 1) * records.size() / map_tasks_; ++i) {
      if (input.spec.format == InputFormat::kWholeFiles) blocks.push_back(records[i]);
      bytes += records[i];
      if (input.spec.format == InputFormat::kTextLines) bytes += '\n';
    }
    if (input.spec.format != InputFormat::kWholeFiles) blocks = {bytes};
    return MemoryInput(std::move(blocks));
  }

  // A partition, equal keys in the order of the edges and of the tasks behind them.
  std::vector<MemoryPair> PairsOf(std::size_t stage, std::size_t partition) const {
    std::vector<MemoryPair> pairs;
    for (const EdgeDeclaration& edge : declared_.stages[stage].edges) {
      if (edge.by != ReadBy::kShuffle) continue;
      for (const MemoryPair& pair : made_[edge.stage].pairs) {
        if (pair.partition == partition) pairs.push_back(pair);
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const MemoryPair& a, const MemoryPair& b) { return a.key < b.key; });
    return pairs;
  }

  static constexpr std::size_t kBatchPairs = 100;
  static constexpr std::uint64_t kResultBytesMax = std::uint64_t{64} << 10;

  const JobInfo info_;
  const ParamMap params_;
  JobDeclaration declared_;
  std::string directory_;
  std::size_t map_tasks_ = 2;
  std::uint32_t partitions_ = 1;
  std::uint64_t memory_bytes_ = std::uint64_t{64} << 20;
  std::vector<Made> made_;  // by stage
  std::unique_ptr<TaskCache> cache_;
  std::map<std::string, std::uint64_t> counters_;
};

}  // namespace gristmill
