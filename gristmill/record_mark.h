// Where a task is in its input, kept so that it can be told after user code threw or crashed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string_view>

namespace gristmill {

// Written by the task's thread: two plain stores per record. It may lie in memory shared with
// another process, which reads it once this one is dead: it points to nothing that a reader must
// follow. All zeros is a mark at nothing.
class RecordMark {
 public:
  enum class What : std::uint32_t { kNothing, kInputRecord, kKey };
  static constexpr std::size_t kBeginningBytesMax = 64;

  // Forgets what an earlier task left.
  void Reset() {
    Leave();
    what_.store(What::kNothing, std::memory_order_relaxed);
  }
  // The records to come lie in `bytes`, which begin at `offset` of the (decompressed) input.
  void EnterBlock(std::string_view bytes, std::uint64_t offset) {
    what_.store(What::kInputRecord, std::memory_order_relaxed);
    block_.store(bytes.data(), std::memory_order_relaxed);
    block_offset_.store(offset, std::memory_order_relaxed);
  }
  // The records to come are groups of equal keys.
  void EnterGroups() { what_.store(What::kKey, std::memory_order_relaxed); }
  // User code gets this record, or the group of this encoded key.
  void At(std::string_view record) {
    record_.store(record.data(), std::memory_order_relaxed);
    bytes_.store(record.size(), std::memory_order_relaxed);
  }
  void Leave() {
    record_.store(nullptr, std::memory_order_relaxed);
    beginning_bytes_.store(0, std::memory_order_relaxed);
  }
  // Nothing that goes wrong from here to Resume, which is to get the result, is the record's fault:
  // what is done concerns others, too.
  const char* Suspend() {
    const char* const record = record_.load(std::memory_order_relaxed);
    record_.store(nullptr, std::memory_order_relaxed);
    return record;
  }
  void Resume(const char* record) { record_.store(record, std::memory_order_relaxed); }
  // Keeps the beginning of the record while it can still be read. Async-signal-safe.
  void Capture() {
    const char* const record = record_.load(std::memory_order_relaxed);
    if (record == nullptr) return;
    const std::size_t bytes = std::min(bytes_.load(std::memory_order_relaxed), kBeginningBytesMax);
    std::memcpy(beginning_, record, bytes);
    beginning_bytes_.store(bytes, std::memory_order_relaxed);
  }

  // --- For readers, who may find anything here if user code wrote over it -----------------------
  // kNothing before the first record and after the last.
  What what() const {
    const bool away = record_.load(std::memory_order_relaxed) == nullptr;
    return away ? What::kNothing : what_.load(std::memory_order_relaxed);
  }
  std::uint64_t offset() const {  // kInputRecord
    return block_offset_.load(std::memory_order_relaxed) +
           (Address(record_.load(std::memory_order_relaxed)) -
            Address(block_.load(std::memory_order_relaxed)));
  }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  // At most kBeginningBytesMax; empty if it was not captured.
  std::string_view beginning() const {
    return {beginning_,
            std::min(beginning_bytes_.load(std::memory_order_relaxed), kBeginningBytesMax)};
  }

 private:
  static std::uint64_t Address(const char* p) { return reinterpret_cast<std::uintptr_t>(p); }

  std::atomic<const char*> record_ = nullptr;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<const char*> block_ = nullptr;
  std::atomic<std::uint64_t> block_offset_ = 0;
  std::atomic<What> what_ = What::kNothing;
  std::atomic<std::size_t> beginning_bytes_ = 0;
  char beginning_[kBeginningBytesMax] = {};
  static_assert(std::atomic<const char*>::is_always_lock_free &&
                std::atomic<std::size_t>::is_always_lock_free &&
                std::atomic<What>::is_always_lock_free);
};

namespace internal {

// Around a loop over records. An exception that leaves the loop leaves the mark at its record, with
// the record's beginning; otherwise the mark is at nothing afterwards.
class MarkedRecords {
 public:
  explicit MarkedRecords(RecordMark& mark)
      : mark_(mark), exceptions_before_(std::uncaught_exceptions()) {}
  MarkedRecords(const MarkedRecords&) = delete;
  MarkedRecords& operator=(const MarkedRecords&) = delete;
  ~MarkedRecords() {
    if (std::uncaught_exceptions() > exceptions_before_) {
      mark_.Capture();
    } else {
      mark_.Leave();
    }
  }

 private:
  RecordMark& mark_;
  const int exceptions_before_;
};

}  // namespace internal
}  // namespace gristmill
