// Runs one task of one job: the framework's blocks on one side, the author's class on the other.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/collectors.h"
#include "gristmill/context.h"
#include "gristmill/emitter.h"
#include "gristmill/group_key.h"
#include "gristmill/hash.h"
#include "gristmill/job_concepts.h"
#include "gristmill/job_params.h"
#include "gristmill/output.h"
#include "gristmill/pair_groups.h"
#include "gristmill/random.h"
#include "gristmill/records.h"
#include "gristmill/registry.h"
#include "gristmill/scratch_memory.h"
#include "gristmill/task.h"
#include "gristmill/values.h"

namespace gristmill::internal {

template <typename J>
InputSpec InputOf(const J& job) {
  if constexpr (kDeclaresInput<J>) {
    return job.Input();
  } else {
    constexpr bool kText = MapsText<J> || MapsLines<J>;
    return {.format = kText ? InputFormat::kTextLines : InputFormat::kWholeFiles,
            .record_bytes = 0,
            .range = {}};
  }
}

template <typename J>
class TypedTask final : public TaskRunner {
 public:
  TypedTask(const ParamMap& params, const TaskInfo& info)
      : info_(info), context_(info_), mark_(info.mark == nullptr ? own_mark_ : *info.mark) {
    const std::string problem = BindParams(job_, params);
    if (!problem.empty()) throw TaskError(problem);
    input_ = InputOf(job_);
    random_seed_ = SeedOf(params, info);
    mark_.Reset();
  }

  void RunMap(InputSource& input, RunSink& runs) override {
    if constexpr (kMapOnly<J>) {
      throw TaskError(Wrong("a map task that writes runs"));
    } else {
      ScratchCache::OfThisThread().Trim(info_.memory_bytes);
      if constexpr (kIsOneTaskPerSplit<J>) SeedRandom(Phase::kMap);
      typename Emitter<J>::Collector collector(job_, info_, runs);
      Emitter<J> emitter(collector, context_);
      MapAll(input, emitter);
      collector.Finish();
      CountPairs(collector);
    }
  }

  void RunMapOnly(InputSource& input, OutputSink& output) override {
    if constexpr (!kMapOnly<J>) {
      throw TaskError(Wrong("a map task that writes output"));
    } else {
      SeedRandom(Phase::kMap);
      RecordWriter<typename J::Key, typename J::Value> writer(info_.output_format, output);
      Emitter<J> emitter(writer, context_);
      MapAll(input, emitter);
      writer.Finish();
      context_.Count("output_records", writer.records());
    }
  }

  void RunReduce(PairSource& pairs, OutputSink& output) override {
    if constexpr (kMapOnly<J>) {
      throw TaskError(Wrong("a reduce task"));
    } else {
      ScratchCache::OfThisThread().Trim(0);  // the merge has the same budget
      RecordWriter<OutputKey<J>, OutputValue<J>> writer(info_.output_format, output);
      ReduceInto(pairs, writer);
      writer.Finish();
      context_.Count("output_records", writer.records());
    }
  }

  std::string RunSample(InputSource& input, std::uint64_t bytes_max) override {
    if constexpr (!kIsTotalOrder<J>) {
      throw TaskError(Wrong("a sample task"));
    } else {
      if constexpr (kIsOneTaskPerSplit<J>) SeedRandom(Phase::kSample);
      KeySampler sampler(bytes_max);
      Emitter<J> emitter(sampler, context_);
      MapAll(input, emitter);
      context_.ForgetCounters();  // the map task will count these records again
      return sampler.Take();
    }
  }

  std::vector<CounterValue> counters() const override { return context_.CounterValues(); }

  enum class Phase : std::uint64_t { kSample, kMap, kReduce };
  void SeedRandom(Phase phase) {
    context_.SeedRandom(Random(random_seed_ + static_cast<std::uint64_t>(phase))());
  }

  // For tasks that are made of several steps, and for the sides of joins.
  J& job() { return job_; }
  TaskContext& context() { return context_; }

  // The whole map, emitting to `collector`.
  void MapInto(InputSource& input, typename Emitter<J>::Collector& collector) {
    if constexpr (kIsOneTaskPerSplit<J>) SeedRandom(Phase::kMap);
    Emitter<J> emitter(collector, context_);
    MapAll(input, emitter);
  }
  // The whole reduce, emitting to `writer`.
  void ReduceInto(PairSource& pairs, RecordWriter<OutputKey<J>, OutputValue<J>>& writer) {
    SeedRandom(Phase::kReduce);
    Output<J> out(writer, context_);
    if constexpr (kDeclaresSetup<J>) job_.Setup(context_);
    context_.Count("reduce_groups", ReduceAll(pairs, out));
    if constexpr (EndsReduce<J>) job_.TearDown(out);
  }
  template <typename Collector>
  void CountPairs(const Collector& collector) {
    context_.Count("map_output_pairs", collector.pairs_added());
    if constexpr (kDeclaresCombine<J>) {
      context_.Count("combine_output_pairs", collector.pairs_written());
      CountCombineTime(collector.combine_time());
    }
  }
  // Calls `use` with each record of the split: lines or records of fixed length.
  template <typename Use>
  void ForEachRecord(InputSource& input, const Use& use) {
    const MarkedRecords marked(mark_);
    const auto marked_use = [&](std::string_view record) {
      mark_.At(record);
      use(record);
    };
    for (InputBlock block; input.NextBlock(&block);) {
      mark_.EnterBlock(block.bytes, block.offset);
      if (input_.format == InputFormat::kFixedRecords) {
        ForEachFixedRecord(block.bytes, input_.record_bytes, marked_use);
      } else {
        ForEachLine(block.bytes, marked_use);
      }
    }
  }

 private:
  static std::string Wrong(const char* task) {
    return "job '" + std::string(J::kName) + "' was given " + task +
           ", which it does not have; check that all workers run the same binary";
  }

  // Of what is the same for every attempt.
  static std::uint64_t SeedOf(const ParamMap& params, const TaskInfo& info) {
    std::string text(J::kName);
    for (const auto& [name, value] : params) text += '\0' + name + '=' + value;
    text += '\0' + std::to_string(info.stage) + '/' + std::to_string(info.task);
    return HashBytes(text);
  }

  // A part of the time that the framework sees the map take.
  void CountCombineTime(std::chrono::nanoseconds time) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    if (us > 0) context_.Count("time_combine_us", static_cast<std::uint64_t>(us));
  }

  void MapAll(InputSource& input, Emitter<J>& emitter) {
    if constexpr (kDeclaresSetup<J>) job_.Setup(context_);
    Counter& records = context_.counter("input_records");
    InputBlock block;
    while (input.NextBlock(&block)) records.Add(MapBlock(block, emitter));
    if constexpr (EndsMap<J>) job_.TearDown(emitter);
  }

  // Returns the records.
  std::uint64_t MapBlock(const InputBlock& block, Emitter<J>& emitter) {
    RecordMark& mark = mark_;
    const MarkedRecords marked(mark);
    mark.EnterBlock(block.bytes, block.offset);
    const auto map = [&](std::string_view record) {
      mark.At(record);
      if constexpr (MapsText<J>) job_.Map(record, emitter);
    };
    switch (input_.format) {
      case InputFormat::kTextLines:
        if constexpr (MapsLines<J>) return MapPieces(block, emitter);
        return ForEachLine(block.bytes, map);
      case InputFormat::kFixedRecords:
        return ForEachFixedRecord(block.bytes, input_.record_bytes, map);
      case InputFormat::kWholeFiles:
        mark.At(block.bytes);
        if constexpr (MapsWholeFiles<J>)
          job_.Map(WholeFile{info_.input_path, block.bytes}, emitter);
        return 1;
      case InputFormat::kIntegerRange:
        if constexpr (MapsRanges<J>) job_.Map(block.range, emitter);
        return static_cast<std::uint64_t>(block.range.end - block.range.begin);
    }
    return 0;
  }

  std::uint64_t MapPieces(const InputBlock& block, Emitter<J>& emitter) {
    ForEachPiece(block.bytes, info_.lines_one_by_one ? 1 : kPieceBytes,
                 [&](std::string_view piece) {
                   mark_.At(piece);
                   job_.Map(Lines(piece, mark_), emitter);
                 });
    return block.records > 0 ? block.records : CountLines(block.bytes);
  }

  // Returns the groups.
  std::uint64_t ReduceAll(PairSource& pairs, Output<J>& out) {
    PairGroups<J> groups(pairs);
    RecordMark& mark = mark_;
    const MarkedRecords marked(mark);
    mark.EnterGroups();
    std::uint64_t count = 0;
    for (; groups.NextGroup(); ++count) {
      mark.At(groups.key());
      const auto key = Grouping<J>::Decode(groups.key());
      if constexpr (kDeclaresReduce<J>) {
        Values<J> values(groups);
        job_.Reduce(key, values, out);
      } else {
        FoldGroup(key, groups, out);
      }
    }
    return count;
  }

  void FoldGroup(View<typename J::Key> key, PairGroups<J>& groups, Output<J>& out) {
    using Value = typename J::Value;
    std::string_view encoded;
    groups.NextValue(&encoded);
    Value folded(DecodeValue<Value>(encoded));
    const JobFold<J> fold{&job_};
    while (groups.NextValue(&encoded)) {
      folded = fold(std::move(folded), DecodeValue<Value>(encoded));
    }
    out.Emit(key, folded);
  }

  // Where a job that maps many lines fails is known to so many bytes.
  static constexpr std::size_t kPieceBytes = std::size_t{16} << 10;

  const TaskInfo info_;
  TaskContext context_;
  RecordMark own_mark_;
  RecordMark& mark_;
  J job_;
  std::uint64_t random_seed_ = 0;
  InputSpec input_;
};

}  // namespace gristmill::internal
