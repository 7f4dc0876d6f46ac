// The sort path of a map task: pairs are kept encoded until the buffer is full, then leave as a
// sorted run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/key_ranges.h"
#include "gristmill/pair_codec.h"
#include "gristmill/run_writer.h"
#include "gristmill/scratch_memory.h"
#include "gristmill/sort_index.h"

namespace gristmill::internal {

// One buffer: encoded pairs grow upwards from its start, their index downwards from its end. Pages
// that no pair reaches are never touched.
class SortBuffer {
 public:
  // Larger runs make merging no cheaper.
  static constexpr std::size_t kBytesMax = std::size_t{1} << 30;

  // `writer` must outlive the buffer. partitions <= kPartitionsMax.
  SortBuffer(std::size_t memory_bytes, std::uint32_t partitions, RunWriter* writer)
      : SortBuffer(memory_bytes, partitions, nullptr, writer) {}

  // For pairs that are all added to partition 0: each leaves in that of its key's range, which is
  // found for a whole run at once. Both must outlive the buffer.
  SortBuffer(std::size_t memory_bytes, const KeyRanges& ranges, RunWriter* writer)
      : SortBuffer(memory_bytes, 1, &ranges, writer) {}

  void Add(std::uint32_t partition, std::string_view key, std::string_view value) {
    const std::size_t bytes_max = 2 * kVarint32BytesMax + key.size() + value.size() + kEntryBytes;
    const auto room = static_cast<std::size_t>(reinterpret_cast<char*>(index_) - next_);
    if (bytes_max > room) [[unlikely]]
      return AddAfterSpill(partition, key, value);
    const auto offset = static_cast<std::uint64_t>(next_ - buffer_.data());
    std::construct_at(--index_, SortEntry{KeyPrefix(key), PlaceOf(partition, offset)});
    char* out = PutVarint32(next_, static_cast<std::uint32_t>(key.size()));
    out = PutVarint32(out, static_cast<std::uint32_t>(value.size()));
    if (!key.empty()) std::memcpy(out, key.data(), key.size());
    if (!value.empty()) std::memcpy(out + key.size(), value.data(), value.size());
    next_ = out + key.size() + value.size();
  }

  // Writes what is held as a run.
  void Spill() {
    const std::span<SortEntry> entries(index_, IndexEnd());
    if (entries.empty()) return;
    const auto key_at = [this](std::uint64_t offset) { return KeyAt(offset); };
    writer_->BeginRun();  // before the sort, whose time is the run's
    IndexSorter(key_at).Sort(entries, partitions_);
    if (ranges_ == nullptr) {
      Write(entries, [](const SortEntry& entry) { return entry.partition(); });
    } else {
      WriteByRange(entries);
    }
    writer_->EndRun();
    Clear();
  }

 private:
  static constexpr std::size_t kEntryBytes = sizeof(SortEntry);
  static constexpr std::ptrdiff_t kPrefetchEntries = 12;

  SortBuffer(std::size_t memory_bytes, std::uint32_t partitions, const KeyRanges* ranges,
             RunWriter* writer)
      : writer_(writer),
        partitions_(partitions),
        ranges_(ranges),
        buffer_(std::clamp(memory_bytes, 4 * kEntryBytes, kBytesMax) / kEntryBytes * kEntryBytes) {
    Clear();
  }

  SortEntry* IndexEnd() const {
    return reinterpret_cast<SortEntry*>(buffer_.data() +
                                        buffer_.bytes() / kEntryBytes * kEntryBytes);
  }

  void Clear() {
    next_ = buffer_.data();
    index_ = IndexEnd();
  }

  EncodedPair PairAt(std::uint64_t offset) const {
    EncodedPair pair;
    GetPair(buffer_.data() + offset, next_, &pair);
    return pair;
  }

  std::string_view KeyAt(std::uint64_t offset) const { return PairAt(offset).key_view(); }

  // The ranges lie in the order of keys, as the entries do.
  void WriteByRange(std::span<SortEntry> entries) {
    const auto before = [this](const SortEntry& entry, const std::string& boundary) {
      return KeyAt(entry.offset()) < boundary;
    };
    std::uint32_t partition = 0;
    for (const std::string& boundary : ranges_->boundaries()) {
      const auto end = std::lower_bound(entries.begin(), entries.end(), boundary, before);
      const auto count = static_cast<std::size_t>(end - entries.begin());
      Write(entries.first(count), [partition](const SortEntry&) { return partition; });
      entries = entries.subspan(count);
      ++partition;
    }
    Write(entries, [partition](const SortEntry&) { return partition; });
  }

  template <typename PartitionOf>
  void Write(std::span<const SortEntry> entries, PartitionOf partition_of) {
    const SortEntry* const end = IndexEnd();
    for (const SortEntry& entry : entries) {
      if (end - &entry > kPrefetchEntries) [[likely]] {
        const char* ahead = buffer_.data() + (&entry + kPrefetchEntries)->offset();
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + 64);
      }
      const char* start = buffer_.data() + entry.offset();
      const EncodedPair pair = PairAt(entry.offset());
      const char* stop = pair.value + pair.value_bytes;
      writer_->AddEncoded(partition_of(entry), {start, static_cast<std::size_t>(stop - start)});
    }
  }

  void AddAfterSpill(std::uint32_t partition, std::string_view key, std::string_view value) {
    CheckPairBytes(key.size(), value.size());
    Spill();
    if (2 * kVarint32BytesMax + key.size() + value.size() + kEntryBytes <=
        buffer_.bytes() - kEntryBytes) {
      return Add(partition, key, value);
    }
    // Larger than the whole buffer: a run of its own, between those before and after it.
    writer_->BeginRun();
    writer_->Add(ranges_ == nullptr ? partition : ranges_->PartitionOf(key), key, value);
    writer_->EndRun();
  }

  RunWriter* const writer_;
  const std::uint32_t partitions_;
  const KeyRanges* const ranges_;
  ScratchBuffer buffer_;
  char* next_ = nullptr;
  SortEntry* index_ = nullptr;
};

}  // namespace gristmill::internal
