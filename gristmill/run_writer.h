// Packs sorted pairs into blocks of one partition each, for the RunSink.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "gristmill/pair_codec.h"
#include "gristmill/scratch_memory.h"
#include "gristmill/task.h"

namespace gristmill::internal {

inline constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
// More than any sensible key or value; keeps every length in 32 bits.
inline constexpr std::size_t kPairBytesMax = std::size_t{1} << 30;

inline void CheckPairBytes(std::size_t key_bytes, std::size_t value_bytes) {
  if (key_bytes <= kPairBytesMax && value_bytes <= kPairBytesMax - key_bytes) return;
  throw TaskError("Map emitted a pair with a key of " + std::to_string(key_bytes) +
                  " bytes and a value of " + std::to_string(value_bytes) +
                  " bytes; a pair holds at most 1 GiB, emit smaller pieces");
}

class RunWriter {
 public:
  // No record is to blame for what goes wrong in a run: `mark`, if any, is suspended meanwhile.
  explicit RunWriter(RunSink& sink, RecordMark* mark = nullptr)
      : sink_(sink), mark_(mark), block_(kBlockBytes) {}
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  std::uint64_t pairs() const { return pairs_; }

  void BeginRun() {
    if (mark_ != nullptr) record_ = mark_->Suspend();
    sink_.BeginRun();
  }

  void EndRun() {
    Flush();
    sink_.EndRun();
    if (mark_ != nullptr) mark_->Resume(record_);
  }

  void Add(std::uint32_t partition, std::string_view key, std::string_view value) {
    CheckPairBytes(key.size(), value.size());
    const std::size_t bytes_max = 2 * kVarint32BytesMax + key.size() + value.size();
    MakeRoom(partition, bytes_max);
    if (bytes_max > kBlockBytes) return AddAlone(key, value);
    char* out = block_.data() + used_;
    out = PutVarint32(out, static_cast<std::uint32_t>(key.size()));
    out = PutVarint32(out, static_cast<std::uint32_t>(value.size()));
    out = Put(out, key);
    out = Put(out, value);
    used_ = static_cast<std::size_t>(out - block_.data());
    ++pairs_in_block_;
  }

  // `pair` is encoded already.
  void AddEncoded(std::uint32_t partition, std::string_view pair) {
    MakeRoom(partition, pair.size());
    if (pair.size() > kBlockBytes) return Send(pair, 1);
    Put(block_.data() + used_, pair);
    used_ += pair.size();
    ++pairs_in_block_;
  }

 private:
  static char* Put(char* out, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    return out + bytes.size();
  }

  void MakeRoom(std::uint32_t partition, std::size_t bytes) {
    if (partition == partition_ && used_ + bytes <= kBlockBytes) [[likely]]
      return;
    Flush();
    partition_ = partition;
  }

  void AddAlone(std::string_view key, std::string_view value) {
    std::string pair;
    pair.reserve(2 * kVarint32BytesMax + key.size() + value.size());
    AppendPair(&pair, key, value);
    Send(pair, 1);
  }

  void Flush() {
    if (pairs_in_block_ > 0) Send({block_.data(), used_}, pairs_in_block_);
    used_ = 0;
    pairs_in_block_ = 0;
  }

  void Send(std::string_view block, std::uint64_t pairs) {
    sink_.Append(partition_, block, pairs);
    pairs_ += pairs;
  }

  RunSink& sink_;
  RecordMark* const mark_;
  const char* record_ = nullptr;  // the mark's, during a run
  ScratchBuffer block_;
  std::size_t used_ = 0;
  std::uint32_t partition_ = 0;
  std::uint64_t pairs_in_block_ = 0;
  std::uint64_t pairs_ = 0;
};

}  // namespace gristmill::internal
