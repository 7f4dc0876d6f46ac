// The hash path of a map task: one slot per distinct key, into which values are folded as they
// come.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "gristmill/hash.h"
#include "gristmill/heap_bytes.h"
#include "gristmill/key_arena.h"
#include "gristmill/record_mark.h"
#include "gristmill/run_writer.h"
#include "gristmill/scratch_memory.h"
#include "gristmill/short_key.h"
#include "gristmill/sort_index.h"
#include "gristmill/types.h"

namespace gristmill::internal {

// Open addressing, linear probing, values decoded. Keys of up to 16 bytes live in the slot; they
// are collected in batches whose slots are prefetched, so that a table larger than the caches costs
// little more than a small one.
//
// `fold(Value&& held, V&& more) -> Value`, with V as given to Add.
template <Encodable Value, typename Fold>
class CombineTable {
 public:
  // `spill` is called when the memory is used up; it writes what it wants and calls Clear. `mark`,
  // if any, is at the record at hand, and suspended while a batch is folded that is of others, too.
  CombineTable(std::size_t memory_bytes, Fold fold, std::function<void()> spill,
               RecordMark* mark = nullptr)
      : memory_bytes_(memory_bytes),
        fold_(std::move(fold)),
        mark_(mark),
        spill_(std::move(spill)),
        arena_(std::clamp(memory_bytes / 32, std::size_t{4} << 10, std::size_t{256} << 10)) {
    const std::size_t slots = std::clamp<std::size_t>(memory_bytes / 16 / sizeof(Slot), 64, 4096);
    UseSlots(ScratchBuffer(std::bit_floor(slots) * sizeof(Slot)), std::bit_floor(slots));
  }
  CombineTable(const CombineTable&) = delete;
  CombineTable& operator=(const CombineTable&) = delete;
  ~CombineTable() { DestroyValues(); }

  std::size_t size() const { return size_; }

  template <typename V>
  void Add(std::string_view key, V&& value) {
    if (key.size() - 1 < kShortKeyBytesMax) [[likely]] {
      const ShortKey words = LoadShortKey(key);
      const auto key_bytes = static_cast<std::uint32_t>(key.size());
      AddShort(Head{words, key_bytes, HashShortKey(words) | 1}, std::forward<V>(value));
    } else if (key.empty()) {
      AddShort(Head{ShortKey{}, 0, 1}, std::forward<V>(value));
    } else {
      AddLong(key, std::forward<V>(value));
    }
  }

  // What folding batches took, estimated from one in kBatchesPerTimed; zero where values don't wait
  // in batches.
  std::chrono::nanoseconds fold_time() const { return kBatchesPerTimed * timed_; }

  // Folds what was only collected; before the table is read.
  void Settle() {
    if constexpr (kBatched) FoldPending();
  }

  // Visits (partition, key, const Value&) in the order of (partition, key). After Settle.
  template <typename PartitionOf, typename Visit>
  void VisitSorted(std::uint32_t partitions, PartitionOf partition_of, Visit visit) const {
    const ScratchBuffer index(size_ * sizeof(SortEntry));
    auto* const entries = reinterpret_cast<SortEntry*>(index.data());
    std::size_t count = 0;
    for (std::size_t s = 0; s < capacity_; ++s) {
      if (slots_[s].head.tag == 0) continue;
      const std::string_view key = KeyOf(slots_[s].head);
      std::construct_at(entries + count++,
                        SortEntry{KeyPrefix(key), PlaceOf(partition_of(key), s)});
    }
    const auto key_at = [this](std::uint64_t s) { return KeyOf(slots_[s].head); };
    IndexSorter(key_at).Sort({entries, count}, partitions);
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kPrefetchSlots < count) {
        __builtin_prefetch(&slots_[entries[i + kPrefetchSlots].offset()]);
      }
      const Slot& slot = slots_[entries[i].offset()];
      visit(entries[i].partition(), KeyOf(slot.head), slot.value);
    }
  }

  // Forgets all keys but keeps the memory.
  void Clear() {
    DestroyValues();
    std::memset(static_cast<void*>(slots_), 0, capacity_ * sizeof(Slot));
    arena_.Clear();
    size_ = 0;
    heap_bytes_ = 0;
  }

 private:
  struct Head {
    ShortKey words;  // a long key's are its address and its whole hash
    std::uint32_t key_bytes;
    std::uint32_t tag;  // hash with the lowest bit set; zero in an empty slot
  };
  struct Slot {
    Head head;
    Value value;  // alive if the tag is not zero
  };

  // Values that can be copied about without care wait in the batch.
  static constexpr bool kBatched =
      std::is_trivially_destructible_v<Value> && sizeof(Value) <= 4 * sizeof(void*);
  static constexpr std::size_t kBatchSlots = 32;
  static constexpr std::size_t kPrefetchSlots = 8;
  static constexpr std::uint32_t kBatchesPerTimed = 64;  // so that the clock costs nothing

  static std::string_view KeyOf(const Head& head) {
    if (head.key_bytes <= kShortKeyBytesMax) [[likely]] {
      return {reinterpret_cast<const char*>(head.words.words), head.key_bytes};
    }
    return {LongKey(head), head.key_bytes};
  }
  static const char* LongKey(const Head& head) {
    return reinterpret_cast<const char*>(static_cast<std::uintptr_t>(head.words.words[0]));
  }

  static bool SameShortKey(const Head& a, const Head& b) {
    return ((a.words.words[0] ^ b.words.words[0]) | (a.words.words[1] ^ b.words.words[1]) |
            (a.key_bytes ^ b.key_bytes)) == 0;
  }

  std::size_t FirstSlot(std::uint32_t tag) const { return (tag >> 1) & (capacity_ - 1); }

  template <typename V>
  void AddShort(const Head& head, V&& value) {
    if constexpr (kBatched) {
      __builtin_prefetch(&slots_[FirstSlot(head.tag)]);
      std::construct_at(pending() + pending_count_, Slot{head, Value(std::forward<V>(value))});
      if (++pending_count_ == kBatchSlots) FoldPending();
    } else {
      MakeRoom(1, 0);
      PutShort(head, std::forward<V>(value));
    }
  }

  template <typename V>
  void PutShort(const Head& head, V&& value) {
    for (std::size_t s = FirstSlot(head.tag);; s = (s + 1) & (capacity_ - 1)) {
      Slot& slot = slots_[s];
      if (SameShortKey(slot.head, head) && slot.head.tag != 0) {
        return FoldInto(&slot.value, std::forward<V>(value));
      }
      if (slot.head.tag == 0) return Occupy(&slot, head, std::forward<V>(value));
    }
  }

  template <typename V>
  [[gnu::noinline]] void AddLong(std::string_view key, V&& value) {
    CheckPairBytes(key.size(), 0);
    MakeRoom(1, arena_.GrowthFor(key.size()));
    const std::uint64_t hash = HashBytes(key);
    Head head{
        {{0, hash}}, static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(hash) | 1};
    for (std::size_t s = FirstSlot(head.tag);; s = (s + 1) & (capacity_ - 1)) {
      Slot& slot = slots_[s];
      if (slot.head.tag == 0) {
        head.words.words[0] = reinterpret_cast<std::uintptr_t>(arena_.Add(key));
        return Occupy(&slot, head, std::forward<V>(value));
      }
      if (slot.head.key_bytes == head.key_bytes && slot.head.words.words[1] == hash &&
          std::memcmp(LongKey(slot.head), key.data(), key.size()) == 0) {
        return FoldInto(&slot.value, std::forward<V>(value));
      }
    }
  }

  [[gnu::noinline]] void FoldPending() {
    const char* const record = mark_ == nullptr ? nullptr : mark_->Suspend();
    MakeRoom(pending_count_, 0);
    if (--batches_to_timed_ > 0) [[likely]] {
      FoldBatch();
    } else {
      batches_to_timed_ = kBatchesPerTimed;
      const auto begin = std::chrono::steady_clock::now();
      FoldBatch();
      timed_ += std::chrono::steady_clock::now() - begin;
    }
    if (mark_ != nullptr) mark_->Resume(record);
  }

  void FoldBatch() {
    // A Combine that throws must not leave the batch to be folded again.
    const std::size_t count = std::exchange(pending_count_, 0);
    for (std::size_t i = 0; i < count; ++i) PutShort(pending()[i].head, pending()[i].value);
  }

  template <typename V>
  void FoldInto(Value* held, V&& value) {
    if constexpr (kOwnsHeap<Value>) heap_bytes_ -= HeapBytes(*held);
    *held = fold_(std::move(*held), std::forward<V>(value));
    if constexpr (kOwnsHeap<Value>) heap_bytes_ += HeapBytes(*held);
  }

  template <typename V>
  void Occupy(Slot* slot, const Head& head, V&& value) {
    std::construct_at(&slot->value, std::forward<V>(value));
    slot->head = head;
    ++size_;
    if constexpr (kOwnsHeap<Value>) heap_bytes_ += HeapBytes(slot->value);
  }

  // Before at most `more` keys come, for which the arena grows by `arena_growth`.
  void MakeRoom(std::size_t more, std::size_t arena_growth) {
    if (size_ + more > size_limit_) [[unlikely]]
      GrowOrSpill(more);
    if constexpr (!kOwnsHeap<Value>) {
      if (arena_growth == 0) [[likely]]
        return;
    }
    if (UsedBytes() + arena_growth > memory_bytes_ && size_ > 0) [[unlikely]]
      spill_();
  }

  // With the index that sorts the slots when they are written.
  std::size_t UsedBytes() const {
    return capacity_ * sizeof(Slot) + size_ * sizeof(SortEntry) + arena_.bytes() + heap_bytes_;
  }

  [[gnu::noinline]] void GrowOrSpill(std::size_t more) {
    const std::size_t during_growth = UsedBytes() + 2 * capacity_ * sizeof(Slot);
    if (during_growth <= memory_bytes_ && capacity_ < kSlotsMax) return Grow();
    size_limit_ = capacity_ / 4 * 3;  // fuller than is fast, but fewer runs
    if (size_ + more > size_limit_) spill_();
  }

  void Grow() {
    ScratchBuffer old_buffer = std::move(buffer_);
    Slot* const old_slots = slots_;
    const std::size_t old_capacity = capacity_;
    UseSlots(ScratchBuffer(2 * old_capacity * sizeof(Slot)), 2 * old_capacity);
    for (std::size_t s = 0; s < old_capacity; ++s) {
      Slot& old_slot = old_slots[s];
      if (old_slot.head.tag == 0) continue;
      std::size_t to = FirstSlot(old_slot.head.tag);
      while (slots_[to].head.tag != 0) to = (to + 1) & (capacity_ - 1);
      std::construct_at(&slots_[to].value, std::move(old_slot.value));
      slots_[to].head = old_slot.head;
      std::destroy_at(&old_slot.value);
    }
  }

  void UseSlots(ScratchBuffer buffer, std::size_t capacity) {
    buffer_ = std::move(buffer);
    slots_ = reinterpret_cast<Slot*>(buffer_.data());
    capacity_ = capacity;
    size_limit_ = capacity / 2;
    std::memset(static_cast<void*>(slots_), 0, capacity * sizeof(Slot));
  }

  void DestroyValues() {
    if constexpr (!std::is_trivially_destructible_v<Value>) {
      for (std::size_t s = 0; s < capacity_; ++s) {
        if (slots_[s].head.tag != 0) std::destroy_at(&slots_[s].value);
      }
    }
  }

  Slot* pending() { return reinterpret_cast<Slot*>(pending_); }

  // The tag's 31 bits reach so many slots.
  static constexpr std::size_t kSlotsMax = std::size_t{1} << 31;

  const std::size_t memory_bytes_;
  Fold fold_;
  RecordMark* const mark_;
  const std::function<void()> spill_;
  ScratchBuffer buffer_;
  Slot* slots_ = nullptr;
  std::size_t capacity_ = 0;  // a power of two
  std::size_t size_ = 0;
  std::size_t size_limit_ = 0;
  KeyArena arena_;
  std::size_t heap_bytes_ = 0;
  std::uint32_t batches_to_timed_ = kBatchesPerTimed;
  std::chrono::nanoseconds timed_{0};
  std::size_t pending_count_ = 0;
  alignas(Slot) std::byte pending_[kBatched ? kBatchSlots * sizeof(Slot) : sizeof(Slot)];
};

}  // namespace gristmill::internal
