#include "stream/stream_task.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/collectors.h"
#include "gristmill/context.h"
#include "gristmill/records.h"
#include "gristmill/scratch_memory.h"
#include "stream/combined_runs.h"
#include "stream/line_cutter.h"
#include "stream/output_lines.h"
#include "stream/pair_codec.h"
#include "stream/program.h"
#include "stream/stream_params.h"

namespace gristmill::stream {
namespace {

constexpr std::size_t kFeedBytes = std::size_t{256} << 10;

class StreamTask final : public TaskRunner {
 public:
  StreamTask(StreamParams params, TaskInfo info)
      : params_(std::move(params)), info_(std::move(info)), context_(info_) {}

  void RunMap(InputSource& input, RunSink& runs) override;
  void RunMapOnly(InputSource& input, OutputSink& output) override;
  void RunReduce(PairSource& pairs, OutputSink& output) override;
  std::string RunSample(InputSource&, std::uint64_t) override {
    throw TaskError(
        "job 'stream' was given a sample task, which it does not have; check that all "
        "workers run the same binary");
  }
  std::vector<CounterValue> counters() const override { return context_.CounterValues(); }

 private:
  void Map(InputSource& input, const ChildProcess::Take& take_output);
  void Map(InputSource& input, RunSink& runs, std::size_t memory_bytes);
  void Feed(PairSource& pairs, Program& reducer);

  const StreamParams params_;
  const TaskInfo info_;
  TaskContext context_;
};

// Feeds the mapper all of the input, or as much as it reads.
void StreamTask::Map(InputSource& input, const ChildProcess::Take& take_output) {
  Program mapper("mapper", params_.mapper, params_, info_, context_, Stage::kMap, take_output);
  Counter& records = context_.counter("input_records");
  bool reads = true;
  for (InputBlock block; reads && input.NextBlock(&block);) {
    records.Add(block.records > 0 ? block.records : internal::CountLines(block.bytes));
    reads = mapper.Write(block.bytes);
    if (reads && !block.bytes.ends_with('\n')) reads = mapper.Write("\n");
  }
  mapper.Finish();
}

void StreamTask::RunMap(InputSource& input, RunSink& runs) {
  const std::size_t memory_bytes = internal::BudgetForPairs(info_);
  if (params_.combiner.empty()) return Map(input, runs, memory_bytes);
  // A combiner writes less than it reads.
  CombinedRuns combined(params_, info_, context_, memory_bytes / 3, runs);
  Map(input, combined, memory_bytes / 3 * 2);
  context_.Count("combine_output_pairs", combined.pairs_written());
}

void StreamTask::Map(InputSource& input, RunSink& runs, std::size_t memory_bytes) {
  internal::RunWriter writer(runs, info_.mark);
  internal::SortBuffer buffer(memory_bytes, info_.partitions, &writer);
  PairEncoder encoder(params_, info_.partitions);
  LineCutter lines;
  std::uint64_t pairs = 0;
  const auto take_line = [&](std::string_view line) {
    encoder.Encode(line, [&buffer](std::uint32_t partition, std::string_view key,
                                   std::string_view value) { buffer.Add(partition, key, value); });
    ++pairs;
  };
  Map(input, [&](std::string_view bytes) { lines.Add(bytes, take_line); });
  lines.End(take_line);
  buffer.Spill();
  context_.Count("map_output_pairs", pairs);
}

void StreamTask::RunMapOnly(InputSource& input, OutputSink& output) {
  OutputLines lines(info_.output_format, params_.separator, output);
  Map(input, [&lines](std::string_view bytes) { lines.Add(bytes); });
  lines.Finish();
  context_.Count("output_records", lines.records());
}

void StreamTask::RunReduce(PairSource& pairs, OutputSink& output) {
  internal::ScratchCache::OfThisThread().Trim(0);  // the merge has the same budget
  OutputLines lines(info_.output_format, params_.reducer_separator, output);
  Program reducer("reducer", params_.reducer, params_, info_, context_, Stage::kReduce,
                  [&lines](std::string_view bytes) { lines.Add(bytes); });
  Feed(pairs, reducer);
  reducer.Finish();
  lines.Finish();
  context_.Count("output_records", lines.records());
}

void StreamTask::Feed(PairSource& pairs, Program& reducer) {
  const LineMaker line_maker = LineMaker::ForReducer(params_);
  std::uint64_t groups = 0;
  std::string text, last_key;
  bool reads = true;
  for (auto batch = pairs.NextBatch(); reads && !batch.empty(); batch = pairs.NextBatch()) {
    std::string_view key = last_key;
    for (const EncodedPair& pair : batch) {
      if (groups == 0 || pair.key_view() != key) ++groups;
      key = pair.key_view();
      line_maker.Append(pair, &text);
      if (text.size() < kFeedBytes) continue;
      reads = reducer.Write(text);
      text.clear();
    }
    last_key = key;
  }
  if (reads) reducer.Write(text);
  context_.Count("reduce_groups", groups);
}

}  // namespace

std::unique_ptr<TaskRunner> MakeStreamTask(const ParamMap& params, const TaskInfo& info) {
  return std::make_unique<StreamTask>(StreamParams::Parse(params), info);
}

}  // namespace gristmill::stream
