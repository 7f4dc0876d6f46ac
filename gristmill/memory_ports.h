// The ports of task.h in memory, for tests: what a task would read from and write to files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/pair_codec.h"
#include "gristmill/task.h"

namespace gristmill {

struct MemoryPair {
  std::uint32_t partition = 0;
  std::string key, value;  // encoded
  friend auto operator<=>(const MemoryPair&, const MemoryPair&) = default;
};

// Hands out the given blocks one after the other.
class MemoryInput final : public InputSource {
 public:
  explicit MemoryInput(std::vector<std::string> blocks) : blocks_(std::move(blocks)) {}
  explicit MemoryInput(IntegerRange range) : blocks_(1), range_(range) {}

  bool NextBlock(InputBlock* block) override {
    if (next_ == blocks_.size()) return false;
    *block = {blocks_[next_++], 0, range_};
    return true;
  }

 private:
  std::vector<std::string> blocks_;
  IntegerRange range_;
  std::size_t next_ = 0;
};

// Keeps runs. Throws TaskError where the caller breaks the contract of RunSink.
class MemoryRuns final : public RunSink {
 public:
  void BeginRun() override {
    Require(!open_, "BeginRun within a run");
    open_ = true;
    runs_.emplace_back();
  }

  void Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) override {
    Require(open_, "Append outside of a run");
    std::vector<MemoryPair>& run = runs_.back();
    const char* p = block.data();
    std::uint64_t count = 0;
    for (EncodedPair pair; p != block.data() + block.size(); ++count) {
      p = GetPair(p, block.data() + block.size(), &pair);
      Require(p != nullptr, "a block ends inside a pair");
      run.push_back({partition, std::string(pair.key_view()), std::string(pair.value_view())});
      Require(run.size() < 2 || !Before(run.back(), run[run.size() - 2]), "a run is not sorted");
    }
    Require(count == pairs, "a block holds another number of pairs than said");
    Require(block.size() <= kBlockBytesMax || pairs == 1, "a block is too large");
  }

  void EndRun() override {
    Require(open_, "EndRun outside of a run");
    open_ = false;
  }

  const std::vector<std::vector<MemoryPair>>& runs() const { return runs_; }

  // All runs merged, equal keys in the order of the runs.
  std::vector<MemoryPair> Merged() const {
    std::vector<MemoryPair> all;
    for (const auto& run : runs_) all.insert(all.end(), run.begin(), run.end());
    std::stable_sort(all.begin(), all.end(), Before);
    return all;
  }

 private:
  static constexpr std::size_t kBlockBytesMax = std::size_t{256} << 10;

  static bool Before(const MemoryPair& a, const MemoryPair& b) {
    return a.partition != b.partition ? a.partition < b.partition : a.key < b.key;
  }
  static void Require(bool condition, const char* what) {
    if (!condition) throw TaskError(what);
  }

  std::vector<std::vector<MemoryPair>> runs_;
  bool open_ = false;
};

// Hands out pairs in batches, whose memory is overwritten when the next is asked for.
class MemoryPairs final : public PairSource {
 public:
  MemoryPairs(std::vector<MemoryPair> pairs, std::size_t batch_pairs)
      : pairs_(std::move(pairs)), batch_pairs_(batch_pairs) {}

  std::span<const EncodedPair> NextBatch() override {
    std::fill(bytes_.begin(), bytes_.end(), '#');
    const std::size_t count = std::min(batch_pairs_, pairs_.size() - next_);
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
      AppendPair(&bytes, pairs_[next_ + i].key, pairs_[next_ + i].value);
    }
    next_ += count;
    bytes_ = std::move(bytes);
    batch_.resize(count);
    const char* p = bytes_.data();
    for (EncodedPair& pair : batch_) p = GetPair(p, bytes_.data() + bytes_.size(), &pair);
    return batch_;
  }

 private:
  const std::vector<MemoryPair> pairs_;
  const std::size_t batch_pairs_;
  std::size_t next_ = 0;
  std::string bytes_;
  std::vector<EncodedPair> batch_;
};

class MemoryOutput final : public OutputSink {
 public:
  void Append(std::string_view bytes, std::uint64_t records) override {
    bytes_.append(bytes);
    records_ += records;
  }
  const std::string& bytes() const { return bytes_; }
  std::uint64_t records() const { return records_; }

 private:
  std::string bytes_;
  std::uint64_t records_ = 0;
};

}  // namespace gristmill
