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

absl::StatusOr<std::vector<IndexEntry>> ReadIndex(const File& file, const RunFileId& expected) {
  GM_ASSIGN_OR_RETURN(const std::uint64_t file_bytes, file.Size());
  if (file_bytes < kRunFileHeaderBytes + kRunFileFooterBytes) return DataLoss("it was cut off");
  GM_ASSIGN_OR_RETURN(const std::string header, ReadExactly(file, 0, kRunFileHeaderBytes));
  GM_ASSIGN_OR_RETURN(const RunFileId id, DecodeRunFileHeader(header));
  if (id != expected) return DataLoss("it is the output of another attempt");
  GM_ASSIGN_OR_RETURN(const std::string tail,
                      ReadExactly(file, file_bytes - kRunFileFooterBytes, kRunFileFooterBytes));
  GM_ASSIGN_OR_RETURN(const Footer footer, DecodeFooter(tail, file_bytes));
  GM_ASSIGN_OR_RETURN(const std::string index,
                      ReadExactly(file, footer.index_offset, file_bytes - footer.index_offset));
  return DecodeIndex(index, footer);
}

}  // namespace

absl::StatusOr<RunFile> OpenRunFile(const std::string& path, const RunFileId& expected) {
  RunFile run;
  GM_ASSIGN_OR_RETURN(run.file, File::OpenForReading(path));
  run.id = expected;
  auto index = ReadIndex(run.file, expected);
  if (!index.ok()) return InFile(run.file, index.status());
  run.index = *std::move(index);
  return run;
}

std::vector<IndexEntry> EntriesOfPartition(const std::vector<IndexEntry>& index,
                                           std::uint32_t partition) {
  std::vector<IndexEntry> found;
  std::copy_if(index.begin(), index.end(), std::back_inserter(found),
               [partition](const IndexEntry& e) { return e.partition == partition; });
  return found;
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
