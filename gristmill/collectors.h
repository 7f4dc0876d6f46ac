// What stands behind an Emitter when a shuffle follows: the sort path and the hash path.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "gristmill/codec.h"
#include "gristmill/combine_table.h"
#include "gristmill/job_traits.h"
#include "gristmill/partitioner.h"
#include "gristmill/run_writer.h"
#include "gristmill/sort_buffer.h"
#include "gristmill/task.h"

namespace gristmill::internal {

// What the pairs may take of a task's budget: the block on its way to the sink is counted too.
inline std::size_t BudgetForPairs(const TaskInfo& info) {
  constexpr std::size_t kPairsBytesMin = std::size_t{16} << 10;
  const std::size_t budget = info.memory_bytes;
  return budget > kBlockBytes + kPairsBytesMin ? budget - kBlockBytes : kPairsBytesMin;
}

template <typename J>
class SortCollector {
 public:
  using Key = typename J::Key;
  using Value = typename J::Value;

  SortCollector(J& job, const TaskInfo& info, RunSink& runs)
      : partitioner_(job, info),
        writer_(runs, info.mark),
        buffer_(MakeBuffer(BudgetForPairs(info))) {}

  void Add(View<Key> key, View<Value> value) {
    const std::string_view encoded = keys_.Encode(key);
    buffer_.Add(PartitionOf(key, encoded), encoded, values_.Encode(value));
    ++pairs_added_;
  }

  void Finish() { buffer_.Spill(); }

  std::uint64_t pairs_added() const { return pairs_added_; }

 private:
  SortBuffer MakeBuffer(std::size_t memory_bytes) {
    if constexpr (kIsTotalOrder<J>) {
      return SortBuffer(memory_bytes, partitioner_.ranges(), &writer_);
    } else {
      return SortBuffer(memory_bytes, partitioner_.partitions(), &writer_);
    }
  }

  std::uint32_t PartitionOf(View<Key> key, std::string_view encoded) const {
    if constexpr (kIsTotalOrder<J>) {
      return 0;  // the buffer finds it
    } else {
      return partitioner_.Of(key, encoded);
    }
  }

  Partitioner<J> partitioner_;
  KeyEncoder<Key> keys_;
  ValueEncoder<Value> values_;
  RunWriter writer_;
  SortBuffer buffer_;
  std::uint64_t pairs_added_ = 0;
};

// The job's Combine, for a held value and one more that may be a view, a reference or an rvalue.
template <typename J>
struct JobFold {
  using Value = typename J::Value;
  J* job;

  template <typename V>
  Value operator()(Value&& held, V&& more) const {
    if constexpr (std::same_as<std::remove_cvref_t<V>, Value> &&
                  requires { job->Combine(std::move(held), std::forward<V>(more)); }) {
      return job->Combine(std::move(held), std::forward<V>(more));
    } else {
      return job->Combine(std::move(held), Value(std::forward<V>(more)));
    }
  }
};

template <typename J>
class CombineCollector {
 public:
  using Key = typename J::Key;
  using Value = typename J::Value;

  CombineCollector(J& job, const TaskInfo& info, RunSink& runs)
      : partitioner_(job, info),
        writer_(runs, info.mark),
        table_(
            BudgetForPairs(info), JobFold<J>{&job}, [this] { Spill(); }, info.mark) {}

  template <typename V>
  void Add(View<Key> key, V&& value) {
    table_.Add(keys_.Encode(key), std::forward<V>(value));
    ++pairs_added_;
  }

  void Finish() {
    table_.Settle();
    if (table_.size() > 0) Spill();
  }

  std::uint64_t pairs_added() const { return pairs_added_; }
  std::uint64_t pairs_written() const { return writer_.pairs(); }
  std::chrono::nanoseconds combine_time() const { return table_.fold_time(); }

 private:
  void Spill() {
    writer_.BeginRun();
    table_.VisitSorted(
        partitioner_.partitions(), [this](std::string_view key) { return partitioner_.Of(key); },
        [this](std::uint32_t partition, std::string_view key, const Value& value) {
          writer_.Add(partition, key, values_.Encode(value));
        });
    writer_.EndRun();
    table_.Clear();
  }

  Partitioner<J> partitioner_;
  KeyEncoder<Key> keys_;
  ValueEncoder<Value> values_;
  RunWriter writer_;
  CombineTable<Value, JobFold<J>> table_;
  std::uint64_t pairs_added_ = 0;
};

}  // namespace gristmill::internal
