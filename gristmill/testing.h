// Tests of a job without a cluster, files or a framework: records in, pairs out. With any test
// framework, here GoogleTest:
//
//   gristmill::JobTester<WordCount> tester{{"lower", "true"}};
//   EXPECT_THAT(tester.Run({"a B", "b"}), ElementsAre(Pair("a", 1), Pair("b", 2)));
//
// For chains: ChainTester (chain_testing.h).
// What the job refuses or throws comes out as an exception derived from std::exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/chain_testing.h"  // IWYU pragma: export
#include "gristmill/job.h"
#include "gristmill/memory_ports.h"

namespace gristmill {

// Not thread-safe.
template <typename J>
class JobTester {
 public:
  using MapPair = std::pair<typename J::Key, typename J::Value>;
  using OutputPair = std::pair<OutputKey<J>, OutputValue<J>>;
  // As the job takes them: lines without their ends, fixed-length records, or the contents of
  // files.
  using Records = std::vector<std::string>;

  // With parameters as in {{"lower", "true"}, {"letters", "3"}}. Throws TaskError with the job's
  // sentence if it refuses them.
  JobTester() : JobTester(ParamMap()) {}
  JobTester(std::initializer_list<ParamMap::value_type> params) : JobTester(ParamMap(params)) {}
  explicit JobTester(ParamMap params) : info_(MakeJobInfo<J>()), params_(std::move(params)) {
    if (const std::string problem = info_.check_params(params_); !problem.empty()) {
      throw TaskError(problem);
    }
    declared_ = info_.declare(params_);
    input_ = declared_.inputs.front().spec;
  }

  // What TaskContext::directory() is to be: where the files are that come with the job.
  void set_directory(std::string directory) { directory_ = std::move(directory); }
  // So many map tasks share the records, 2 unless said otherwise, so that what belongs together
  // meets in the reduce task. The result must not depend on it.
  void set_map_tasks(std::size_t tasks) { map_tasks_ = std::max<std::size_t>(tasks, 1); }

  // The pairs that one map task leaves for these records: sorted by key and, if the job has a
  // Combine, one for each key (of some hundred thousand keys, one for each in what fitted into
  // memory); of a job without a shuffle, as they were emitted.
  // This and the others throw TaskError for records that are none of the kind that the job reads.
  std::vector<MapPair> Map(const Records& records) {
    CheckRecords(records);
    counters_.clear();
    MemoryInput input = InputOf(records);
    return MapAll(input);
  }
  // The same for the integers of a job that maps ranges.
  std::vector<MapPair> Map(IntegerRange range) {
    CheckMapsRanges(true);
    counters_.clear();
    MemoryInput input(range);
    return MapAll(input);
  }

  // The job's output for these records, in its order.
  std::vector<OutputPair> Run(const Records& records) {
    CheckRecords(records);
    return Decode<OutputKey<J>, OutputValue<J>>(
        Execute(SplitsOf(records), OutputFormat::kRecordFile));
  }
  // For all integers that the job declares as its input.
  std::vector<OutputPair> Run() {
    CheckMapsRanges(true);
    return Decode<OutputKey<J>, OutputValue<J>>(
        Execute(SplitsOf(input_.range), OutputFormat::kRecordFile));
  }
  // The output as the text of its file: key, tab, value, line by line.
  std::string RunToText(const Records& records) {
    CheckRecords(records);
    return Execute(SplitsOf(records), OutputFormat::kText);
  }

  // Of the last Map or Run, by name: those of the job's code, and the framework's such as
  // "input_records".
  const std::map<std::string, std::uint64_t>& counters() const { return counters_; }

 private:
  using Inputs = std::vector<std::unique_ptr<MemoryInput>>;

  void CheckMapsRanges(bool wanted) const {
    if ((input_.format == InputFormat::kIntegerRange) == wanted) return;
    throw TaskError("job '" + info_.name +
                    (wanted ? "' reads records; give Map and Run some"
                            : "' maps ranges of integers; give Map a range, and Run nothing"));
  }
  void CheckRecords(const Records& records) const {
    CheckMapsRanges(false);
    const std::size_t bytes = input_.record_bytes;
    for (const std::string& record : records) {
      if (input_.format == InputFormat::kTextLines && record.find('\n') != record.npos) {
        throw TaskError("a record of job '" + info_.name +
                        "' holds a line end; give each line as a record of its own");
      }
      if (input_.format == InputFormat::kFixedRecords && record.size() != bytes) {
        throw TaskError("a record of job '" + info_.name + "' has " +
                        std::to_string(record.size()) + " bytes, not " + std::to_string(bytes));
      }
    }
  }

  // As blocks of one split.
  std::vector<std::string> BlocksOf(const Records& records) const {
    switch (input_.format) {
      case InputFormat::kWholeFiles:
        return records;
      case InputFormat::kTextLines: {
        std::string lines;
        for (const std::string& line : records) lines += line + "\n";
        return {lines};
      }
      default: {
        std::string bytes;
        for (const std::string& record : records) bytes += record;
        return {bytes};
      }
    }
  }

  MemoryInput InputOf(const Records& records) const { return MemoryInput(BlocksOf(records)); }

  Inputs SplitsOf(const Records& records) const {
    Inputs inputs;
    for (std::size_t task = 0; task < map_tasks_; ++task) {
      const auto begin =
          records.begin() + static_cast<std::ptrdiff_t>(task * records.size() / map_tasks_);
      const auto end =
          records.begin() + static_cast<std::ptrdiff_t>((task + 1) * records.size() / map_tasks_);
      inputs.push_back(std::make_unique<MemoryInput>(BlocksOf(Records(begin, end))));
    }
    return inputs;
  }

  Inputs SplitsOf(IntegerRange range) const {
    Inputs inputs;
    const std::int64_t tasks = static_cast<std::int64_t>(map_tasks_);
    const std::int64_t step = (range.end - range.begin) / tasks;
    for (std::int64_t task = 0; task < tasks; ++task) {
      const std::int64_t begin = range.begin + task * step;
      inputs.push_back(std::make_unique<MemoryInput>(
          IntegerRange{begin, task + 1 == tasks ? range.end : begin + step}));
    }
    return inputs;
  }

  std::unique_ptr<TaskRunner> MakeTask(std::uint32_t task, OutputFormat format) const {
    TaskInfo info;
    info.task = task;
    info.memory_bytes = std::uint64_t{64} << 20;
    info.output_format = format;
    info.directory = directory_;
    return info_.make_task(params_, info);
  }

  void Count(const TaskRunner& task) {
    for (const CounterValue& counter : task.counters()) counters_[counter.name] += counter.value;
  }

  std::vector<MemoryPair> MapTask(MemoryInput& input, std::uint32_t task) {
    const std::unique_ptr<TaskRunner> runner = MakeTask(task, OutputFormat::kText);
    MemoryRuns runs;
    runner->RunMap(input, runs);
    Count(*runner);
    return runs.Merged();
  }

  std::string MapOnlyTask(MemoryInput& input, std::uint32_t task, OutputFormat format) {
    const std::unique_ptr<TaskRunner> runner = MakeTask(task, format);
    MemoryOutput output;
    runner->RunMapOnly(input, output);
    Count(*runner);
    return output.bytes();
  }

  std::vector<MapPair> MapAll(MemoryInput& input) {
    if (!declared_.has_shuffle()) {
      return Decode<typename J::Key, typename J::Value>(
          MapOnlyTask(input, 0, OutputFormat::kRecordFile));
    }
    std::string bytes;
    for (const MemoryPair& pair : MapTask(input, 0)) AppendPair(&bytes, pair.key, pair.value);
    return Decode<typename J::Key, typename J::Value>(bytes);
  }

  std::string Execute(const Inputs& inputs, OutputFormat format) {
    counters_.clear();
    std::uint32_t task = 0;
    std::string written;
    std::vector<MemoryPair> pairs;
    for (const auto& input : inputs) {
      if (!declared_.has_shuffle()) {
        written += MapOnlyTask(*input, task++, format);
      } else {
        const std::vector<MemoryPair> made = MapTask(*input, task++);
        pairs.insert(pairs.end(), made.begin(), made.end());
      }
    }
    if (!declared_.has_shuffle()) return written;
    // Equal keys keep the order of the map tasks.
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const MemoryPair& a, const MemoryPair& b) { return a.key < b.key; });
    MemoryPairs source(std::move(pairs), kBatchPairs);
    MemoryOutput output;
    const std::unique_ptr<TaskRunner> runner = MakeTask(0, format);
    runner->RunReduce(source, output);
    Count(*runner);
    return output.bytes();
  }

  template <typename K, typename V>
  static std::vector<std::pair<K, V>> Decode(std::string_view bytes) {
    std::vector<std::pair<K, V>> pairs;
    const char* p = bytes.data();
    const char* const end = p + bytes.size();
    for (EncodedPair pair; p != end;) {
      p = GetPair(p, end, &pair);
      if (p == nullptr) throw TaskError("the job's output is damaged");
      pairs.emplace_back(K(DecodeKey<K>(pair.key_view())), V(DecodeValue<V>(pair.value_view())));
    }
    return pairs;
  }

  static constexpr std::size_t kBatchPairs = 100;

  const JobInfo info_;
  const ParamMap params_;
  JobDeclaration declared_;
  InputSpec input_;
  std::string directory_;
  std::size_t map_tasks_ = 2;
  std::map<std::string, std::uint64_t> counters_;
};

}  // namespace gristmill
