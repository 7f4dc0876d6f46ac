#include "worker/pipeline/run_reader.h"

#include <lz4.h>

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace gristmill::worker {
namespace {

absl::Status InFile(const File& file, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("the run file '{}' can't be used: {}", file.path(),
                                                 Message(status)));
}

absl::StatusOr<std::string> ReadExactly(const File& file, std::uint64_t offset, std::size_t bytes) {
  std::string out(bytes, '\0');
  GM_ASSIGN_OR_RETURN(const std::size_t got, file.ReadAt(offset, out.data(), bytes));
  if (got != bytes) return DataLoss("it was cut off");
  return out;
}

// The index of an open file, read page by page. Every entry that it gives was checked; so was what
// a search passed by, and the writer sorted them: a damaged index can't hide an entry.
class Index {
 public:
  Index(const File& file, const Footer& footer, AttemptId attempt)
      : file_(file), footer_(footer), attempt_(attempt) {}

  absl::StatusOr<std::vector<IndexEntry>> EntriesOf(std::uint32_t partition) {
    GM_ASSIGN_OR_RETURN(std::uint64_t number, FirstNotBefore(partition));
    std::vector<IndexEntry> found;
    for (; number < footer_.entries; ++number) {
      GM_ASSIGN_OR_RETURN(const IndexEntry entry, At(number));
      if (entry.partition != partition) break;
      if (!found.empty() && found.back().run >= entry.run) {
        return DataLoss("its index contradicts itself");
      }
      found.push_back(entry);
    }
    return found;
  }

 private:
  static constexpr std::uint64_t kPageEntries = 64;

  absl::StatusOr<std::uint64_t> FirstNotBefore(std::uint32_t partition) {
    std::uint64_t begin = 0, end = footer_.entries;
    while (begin < end) {
      const std::uint64_t middle = begin + (end - begin) / 2;
      GM_ASSIGN_OR_RETURN(const IndexEntry entry, At(middle));
      if (entry.partition < partition) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

  absl::StatusOr<IndexEntry> At(std::uint64_t number) {
    const std::uint64_t first = number - number % kPageEntries;
    if (page_.empty() || first != page_first_) {
      const std::uint64_t entries = std::min(kPageEntries, footer_.entries - first);
      GM_ASSIGN_OR_RETURN(page_, ReadExactly(file_, footer_.index_offset + first * kIndexEntryBytes,
                                             entries * kIndexEntryBytes));
      page_first_ = first;
    }
    const std::string_view page = page_;
    return DecodeIndexEntry(page.substr((number - first) * kIndexEntryBytes, kIndexEntryBytes),
                            number, footer_, attempt_);
  }

  const File& file_;
  const Footer footer_;
  const AttemptId attempt_;
  std::string page_;
  std::uint64_t page_first_ = 0;
};

absl::StatusOr<std::vector<IndexEntry>> ReadEntries(const File& file, const RunFileId& expected,
                                                    std::uint32_t partition) {
  GM_ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file.Size());
  if (file_bytes < kRunFileHeaderBytes + kRunFileFooterBytes) return DataLoss("it was cut off");
  GM_ASSIGN_OR_RETURN(const std::string header, ReadExactly(file, 0, kRunFileHeaderBytes));
  GM_ASSIGN_OR_RETURN(const RunFileId id, DecodeRunFileHeader(header));
  if (id != expected) return DataLoss("it is the output of another attempt");
  GM_ASSIGN_OR_RETURN(const std::string tail,
                      ReadExactly(file, file_bytes - kRunFileFooterBytes, kRunFileFooterBytes));
  GM_ASSIGN_OR_RETURN(const Footer footer, DecodeFooter(tail, file_bytes, expected.attempt));
  return Index(file, footer, expected.attempt).EntriesOf(partition);
}

}  // namespace

absl::StatusOr<RunFile> OpenRunFile(const std::string& path, const RunFileId& expected,
                                    std::uint32_t partition) {
  RunFile run;
  GM_ASSIGN_OR_RETURN(run.file, File::OpenForReading(path));
  auto entries = ReadEntries(run.file, expected, partition);
  if (!entries.ok()) return InFile(run.file, entries.status());
  run.entries = *std::move(entries);
  return run;
}

BlockReader::BlockReader(std::string path, AttemptId attempt, const IndexEntry& entry)
    : path_(std::move(path)),
      attempt_(attempt),
      entry_(entry),
      offset_(entry.offset),
      blocks_left_(entry.blocks),
      pairs_left_(entry.pairs) {}

absl::Status BlockReader::Damaged() const {
  return DataLoss("the run file '{}' is damaged near byte {}", path_, offset_);
}

absl::StatusOr<BlockHeader> BlockReader::Next(std::string* payload) {
  GM_ASSIGN_OR_RETURN(const File file, File::OpenForReading(path_));
  GM_ASSIGN_OR_RETURN(const BlockHeader header, ReadBlock(file, payload));
  offset_ += kBlockHeaderBytes + header.stored_bytes;
  --blocks_left_;
  pairs_left_ -= header.pairs;
  const bool at_end = offset_ == entry_.offset + entry_.bytes;
  if ((blocks_left_ == 0) != at_end || (at_end && pairs_left_ != 0)) return Damaged();
  return header;
}

absl::StatusOr<BlockHeader> BlockReader::ReadBlock(const File& file, std::string* payload) {
  const std::uint64_t left_bytes = entry_.offset + entry_.bytes - offset_;
  char head[kBlockHeaderBytes];
  if (left_bytes < sizeof head) return Damaged();
  GM_ASSIGN_OR_RETURN(std::size_t got, file.ReadAt(offset_, head, sizeof head));
  if (got != sizeof head) return Damaged();
  const auto header = DecodeBlockHeader({head, sizeof head});
  if (!header.ok() || header->stored_bytes > left_bytes - sizeof head ||
      header->raw_bytes > entry_.block_bytes_max || header->pairs > pairs_left_) {
    return Damaged();
  }
  std::string* const stored = header->codec == BlockCodec::kNone ? payload : &stored_;
  stored->resize(header->stored_bytes);
  GM_ASSIGN_OR_RETURN(got, file.ReadAt(offset_ + sizeof head, stored->data(), stored->size()));
  const BlockPlace place{attempt_.value(), entry_.run, entry_.partition,
                         entry_.blocks - blocks_left_};
  if (got != stored->size() || BlockChecksum(*header, *stored, place) != header->checksum) {
    return Damaged();
  }
  if (header->codec == BlockCodec::kLz4) {
    payload->resize(header->raw_bytes);
    const int made =
        ::LZ4_decompress_safe(stored->data(), payload->data(), static_cast<int>(stored->size()),
                              static_cast<int>(payload->size()));
    if (made != static_cast<int>(payload->size())) return Damaged();
  }
  return *header;
}

}  // namespace gristmill::worker
