// Runs one task of a join: maps a side, reduces both, or looks the right one up in a table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/job_params.h"
#include "gristmill/join_table.h"
#include "gristmill/join_types.h"
#include "gristmill/record_writer.h"
#include "gristmill/task_cache.h"

namespace gristmill::internal {

// Which of its values a pair in the shuffle is, before the encoded value.
inline constexpr char kRightMark = 0, kLeftMark = 1;

// Right comes before left: of equal keys, a reduce gets those of its first edge first.
enum class JoinStage : std::uint32_t { kRight = 0, kLeft = 1, kReduce = 2 };
inline constexpr std::uint32_t kLeftInput = 0, kRightInput = 1;

template <typename J>
bool IsBroadcast(const J& job) {
  if constexpr (SaysBroadcast<J>) return job.Broadcast();
  return false;
}

// With the job's Reduce, or the ready-made one.
template <typename J>
void JoinGroup(J& job, View<typename J::Left::Key> key, LeftValues<J>& left,
               std::span<const typename J::Right::Value> right, Output<J>& out) {
  if constexpr (J::kJoin == JoinKind::kOwn) {
    job.Reduce(key, left, right, out);
  } else if constexpr (J::kJoin == JoinKind::kSemi) {
    if (right.empty()) return;
    for (View<typename J::Left::Value> value : left) out.Emit(key, value);
  } else {
    if (right.empty() && J::kJoin == JoinKind::kInner) return;
    typename J::OutputValue both{};
    for (View<typename J::Left::Value> value : left) {
      both.first = value;
      for (const auto& other : right) {
        both.second = other;
        out.Emit(key, both);
      }
      if (right.empty()) out.Emit(key, both);
    }
  }
}

// One task of a join.
template <typename J>
class JoinTask final : public TaskRunner {
 public:
  using Left = typename J::Left;
  using Right = typename J::Right;
  using Key = typename Left::Key;
  using RightValue = typename Right::Value;

  JoinTask(const ParamMap& params, const TaskInfo& info)
      : params_(params), info_(info), context_(info_) {
    SetOwnParams(job_, params);
    if (info_.mark != nullptr) info_.mark->Reset();
  }

  void RunMap(InputSource& input, RunSink& runs) override {
    if (info_.stage == static_cast<std::uint32_t>(JoinStage::kRight)) {
      MapSide<Right>(input, runs, kRightMark);
    } else {
      MapSide<Left>(input, runs, kLeftMark);
    }
  }

  // Joins with the right side as a table.
  void RunMapOnly(InputSource& input, OutputSink& output) override {
    const std::shared_ptr<const JoinTable<Right>> table = SharedTable();
    RecordWriter<OutputKey<J>, OutputValue<J>> writer(info_.output_format, output);
    Output<J> out(writer, context_);
    if constexpr (kDeclaresSetup<J>) job_.Setup(context_);
    LookUp look_up(*this, *table, out);
    LeftTask left(OwnParams<Left>(params_), info_);
    RecordWriter<Key, typename Left::Value> pairs(NextOf<Key, typename Left::Value>(look_up));
    left.MapInto(input, pairs);
    writer.Finish();
    AddCounters(left);
    context_.Count("output_records", writer.records());
  }

  void RunReduce(PairSource& pairs, OutputSink& output) override {
    ScratchCache::OfThisThread().Trim(0);  // the merge has the same budget
    RecordWriter<OutputKey<J>, OutputValue<J>> writer(info_.output_format, output);
    Output<J> out(writer, context_);
    if constexpr (kDeclaresSetup<J>) job_.Setup(context_);
    ReduceAll(pairs, out);
    writer.Finish();
    context_.Count("output_records", writer.records());
  }

  std::string RunSample(InputSource&, std::uint64_t) override {
    throw TaskError("job '" + std::string(J::kName) +
                    "' was given a sample task, which it does not have; check that all workers run "
                    "the same binary");
  }

  std::vector<CounterValue> counters() const override { return context_.CounterValues(); }

 private:
  using LeftTask = TypedTask<Left>;

  // Joins each left pair as it comes.
  class LookUp {
   public:
    LookUp(JoinTask& task, const JoinTable<Right>& table, Output<J>& out)
        : task_(task), table_(table), out_(out) {}
    void Add(View<Key> key, View<typename Left::Value> value) {
      LeftValues<J> left(value);
      JoinGroup<J>(task_.job_, key, left, table_.Find(keys_.Encode(key)), out_);
    }

   private:
    JoinTask& task_;
    const JoinTable<Right>& table_;
    Output<J>& out_;
    KeyEncoder<Key> keys_;
  };

  void AddCounters(const TaskRunner& side) {
    for (const CounterValue& counter : side.counters()) context_.Count(counter.name, counter.value);
  }

  template <typename S>
  void MapSide(InputSource& input, RunSink& runs, char mark) {
    ScratchCache::OfThisThread().Trim(info_.memory_bytes);
    TypedTask<S> side(OwnParams<S>(params_), info_);
    const S partitions_as{};
    SideRuns<S> marked(partitions_as, info_, runs, mark);
    RecordWriter<Key, typename S::Value> pairs(NextOf<Key, typename S::Value>(marked));
    side.MapInto(input, pairs);
    marked.Finish();
    AddCounters(side);
    context_.Count("map_output_pairs", marked.pairs_added());
  }

  void ReduceAll(PairSource& pairs, Output<J>& out) {
    PairGroups<Left> groups(pairs);
    RecordMark own_mark;
    RecordMark& mark = info_.mark == nullptr ? own_mark : *info_.mark;
    const MarkedRecords marked(mark);
    mark.EnterGroups();
    std::uint64_t count = 0;
    for (; groups.NextGroup(); ++count) {
      mark.At(groups.key());
      const auto key = DecodeKey<Key>(groups.key());
      LeftValues<J> left = HoldRight(groups);
      JoinGroup<J>(job_, key, left, right_, out);
    }
    context_.Count("reduce_groups", count);
  }

  // Takes the right values of the group, which come first; the rest is the left ones.
  LeftValues<J> HoldRight(PairGroups<Left>& groups) {
    if (right_.capacity() * sizeof(RightValue) > kKeptBytes) right_ = {};
    right_.clear();
    std::size_t heap_bytes = 0;
    std::string_view marked;
    while (groups.NextValue(&marked)) {
      if (MarkOf(marked) == kLeftMark) return LeftValues<J>(groups, marked.substr(1));
      // Of a semi-join only whether there is one.
      if (J::kJoin == JoinKind::kSemi && !right_.empty()) continue;
      right_.emplace_back(DecodeValue<RightValue>(marked.substr(1)));
      heap_bytes += HeapBytes(right_.back());
      if (right_.capacity() * sizeof(RightValue) + heap_bytes > info_.memory_bytes) ThrowTooMany();
    }
    return LeftValues<J>();
  }

  [[noreturn]] void ThrowTooMany() const {
    throw TaskError("the values of one key in input '" + std::string(Right::kName) + "' of job '" +
                    std::string(J::kName) + "' take more than the " +
                    std::to_string(info_.memory_bytes >> 10) +
                    " KiB that a join holds of them; let the input with fewer values a key be the "
                    "right one, or raise --memory");
  }

  // Read by the first task that comes, for all tasks of this process.
  std::shared_ptr<const JoinTable<Right>> SharedTable() {
    if (info_.cache == nullptr || info_.inputs == nullptr) {
      throw TaskError("job '" + std::string(J::kName) +
                      "' joins by a table, for which this runner has no memory; check that all "
                      "workers run the same binary");
    }
    return info_.cache->template FindOrMake<JoinTable<Right>>(
        "join " + std::string(Right::kName), [this] { return context_.cancelled(); },
        [this] { return ReadTable(); });
  }

  std::pair<std::shared_ptr<const JoinTable<Right>>, std::uint64_t> ReadTable() {
    auto table = std::make_shared<JoinTable<Right>>(J::kName, info_.cache->bytes_max());
    const std::uint32_t splits = info_.inputs->CountSplits(kRightInput);
    for (std::uint32_t split = 0; split < splits; ++split) {
      TaskInfo info = info_;
      info.mark = nullptr;  // which is for the records of the split that the task is about
      info.files = nullptr;
      info.task = split;
      const std::unique_ptr<InputSource> input =
          info_.inputs->Open(kRightInput, split, &info.input_path);
      TypedTask<Right> right(OwnParams<Right>(params_), info);
      RecordWriter<Key, RightValue> pairs(NextOf<Key, RightValue>(*table));
      right.MapInto(*input, pairs);
      // Its Map may have returned early, and the table is for all tasks to come.
      if (context_.cancelled()) throw TaskCancelled();
    }
    const std::uint64_t bytes = table->bytes();
    return {std::move(table), bytes};
  }

  // What the vector may keep from one group to the next.
  static constexpr std::size_t kKeptBytes = std::size_t{16} << 10;

  const ParamMap params_;
  const TaskInfo info_;
  TaskContext context_;
  J job_;
  std::vector<RightValue> right_;  // of the group at hand
};

}  // namespace gristmill::internal
