// Where the pairs of a join's side go: into sorted runs, or into a table.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gristmill/codec.h"
#include "gristmill/collectors.h"
#include "gristmill/hash.h"
#include "gristmill/heap_bytes.h"
#include "gristmill/partitioner.h"
#include "gristmill/run_writer.h"
#include "gristmill/sort_buffer.h"
#include "gristmill/task.h"

namespace gristmill::internal {

// The pairs of a side on their way to the shuffle, each value behind a mark that says whose it is.
template <typename S>
class SideRuns {
 public:
  // All must outlive it.
  SideRuns(const S& side, const TaskInfo& info, RunSink& runs, char mark)
      : mark_(mark),
        partitioner_(side, info),
        writer_(runs, info.mark),
        buffer_(BudgetForPairs(info), partitioner_.partitions(), &writer_) {}

  void Add(View<typename S::Key> key, View<typename S::Value> value) {
    value_.assign(1, mark_);
    AppendValue<typename S::Value>(&value_, value);
    const std::string_view encoded = keys_.Encode(key);
    buffer_.Add(partitioner_.Of(key, encoded), encoded, value_);
    ++pairs_added_;
  }
  void Finish() { buffer_.Spill(); }
  std::uint64_t pairs_added() const { return pairs_added_; }

 private:
  const char mark_;
  Partitioner<S> partitioner_;
  KeyEncoder<typename S::Key> keys_;
  RunWriter writer_;
  SortBuffer buffer_;
  std::string value_;  // with its mark
  std::uint64_t pairs_added_ = 0;
};

// The first byte, which says whose value it is.
inline char MarkOf(std::string_view marked) {
  if (marked.empty() || marked[0] < 0 || marked[0] > 1) ByteReader::Fail();
  return marked[0];
}

// All pairs of a side by key, those of one key in the order in which they came. Read by any thread
// once it is filled.
template <typename S>
class JoinTable {
 public:
  using Key = typename S::Key;
  using Value = typename S::Value;

  JoinTable(std::string_view job, std::uint64_t bytes_max) : job_(job), bytes_max_(bytes_max) {}

  void Add(View<Key> key, View<Value> value) {
    const std::string_view encoded = keys_.Encode(key);
    auto entry = values_.find(encoded);
    if (entry == values_.end()) {
      entry = values_.try_emplace(std::string(encoded)).first;
      bytes_ += kEntryBytes + HeapBytes(entry->first);
    }
    std::vector<Value>& values = entry->second;
    const std::size_t capacity = values.capacity();
    values.emplace_back(value);
    bytes_ += (values.capacity() - capacity) * sizeof(Value) + HeapBytes(values.back());
    if (bytes_ <= bytes_max_) return;
    throw TaskError(
        "input '" + std::string(S::kName) + "' of job '" + job_ + "' takes more than the " +
        std::to_string(bytes_max_ >> 20) +
        " MiB that a runner may keep of it; join it by a shuffle, without broadcast, or "
        "raise --memory");
  }

  // Those of an encoded key; none if there is no such key.
  std::span<const Value> Find(std::string_view encoded_key) const {
    const auto found = values_.find(encoded_key);
    return found == values_.end() ? std::span<const Value>()
                                  : std::span<const Value>(found->second);
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view bytes) const {
      return static_cast<std::size_t>(HashBytes(bytes));
    }
  };
  // A node with its links and what the allocator adds, and its share of the buckets.
  static constexpr std::uint64_t kEntryBytes =
      sizeof(std::pair<std::string, std::vector<Value>>) + 6 * sizeof(void*);

  const std::string job_;
  const std::uint64_t bytes_max_;
  KeyEncoder<Key> keys_;
  std::unordered_map<std::string, std::vector<Value>, Hash, std::equal_to<>> values_;
  std::uint64_t bytes_ = 0;
};

}  // namespace gristmill::internal
