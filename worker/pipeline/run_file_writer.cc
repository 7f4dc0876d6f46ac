#include "worker/pipeline/run_file_writer.h"

#include <lz4.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/units.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {

RunFileWriter::RunFileWriter(std::string path, const RunFileId& id, std::uint32_t partitions,
                             BlockCodec codec)
    : path_(std::move(path)),
      id_(id),
      partitions_(partitions),
      codec_(codec),
      file_(ValueOrThrow(BufferedWriter::Create(path_ + ".tmp"))) {
  ThrowIfError(file_.Append(EncodeRunFileHeader(id_)));
}

RunFileWriter::~RunFileWriter() {
  if (!finished_) RemoveFile(file_.path()).IgnoreError();
}

void RunFileWriter::BeginRun() {
  GM_CHECK(!in_run_ && !finished_);
  in_run_ = true;
}

void RunFileWriter::EndRun() {
  GM_CHECK(in_run_);
  in_run_ = false;
  ++runs_;
}

void RunFileWriter::CheckBlock(std::uint32_t partition, std::string_view block) {
  if (refused_) throw TaskError("an earlier block of the run was refused");
  refused_ = true;
  if (partition >= partitions_) {
    throw TaskError(fmt::format("the job put a pair into partition {} of {}; they count from 0",
                                partition, partitions_));
  }
  if (block.size() > kBlockBytesMax) {
    throw TaskError(fmt::format("a pair has {}, and {} is the most; emit smaller values",
                                FormatBytes(block.size()), FormatBytes(kBlockBytesMax)));
  }
  refused_ = false;
}

void RunFileWriter::Append(std::uint32_t partition, std::string_view block, std::uint64_t pairs) {
  GM_CHECK(in_run_);
  if (block.empty()) return;
  CheckBlock(partition, block);
  GM_CHECK(pairs > 0 && pairs <= std::numeric_limits<std::uint32_t>::max());
  BlockHeader header{.stored_bytes = static_cast<std::uint32_t>(block.size()),
                     .raw_bytes = static_cast<std::uint32_t>(block.size()),
                     .pairs = static_cast<std::uint32_t>(pairs)};
  const std::string_view stored = Encode(block, &header);
  IndexEntry& entry = EntryFor(partition);
  header.checksum =
      BlockChecksum(header, stored, {id_.attempt.value(), entry.run, partition, entry.blocks});
  const auto head = EncodeBlockHeader(header);
  ThrowIfError(file_.Append({head.data(), head.size()}));
  ThrowIfError(file_.Append(stored));
  entry.bytes += head.size() + stored.size();
  entry.pairs += pairs;
  entry.blocks += 1;
  entry.block_bytes_max = std::max(entry.block_bytes_max, header.raw_bytes);
}

std::string_view RunFileWriter::Encode(std::string_view block, BlockHeader* header) {
  if (codec_ == BlockCodec::kNone) return block;
  compressed_.resize(static_cast<std::size_t>(::LZ4_compressBound(static_cast<int>(block.size()))));
  const int made =
      ::LZ4_compress_default(block.data(), compressed_.data(), static_cast<int>(block.size()),
                             static_cast<int>(compressed_.size()));
  if (made <= 0 || static_cast<std::size_t>(made) >= block.size()) return block;
  header->codec = BlockCodec::kLz4;
  header->stored_bytes = static_cast<std::uint32_t>(made);
  return {compressed_.data(), static_cast<std::size_t>(made)};
}

IndexEntry& RunFileWriter::EntryFor(std::uint32_t partition) {
  const bool new_run = index_.empty() || index_.back().run != runs_;
  if (!new_run && index_.back().partition == partition) return index_.back();
  GM_CHECK(new_run || index_.back().partition < partition);
  index_.push_back({.run = runs_, .partition = partition, .offset = file_.bytes()});
  return index_.back();
}

void RunFileWriter::Finish() {
  GM_CHECK(!in_run_ && !finished_);
  if (refused_) throw TaskError("an earlier block of the run was refused");
  ThrowIfError(file_.Append(EncodeIndex(index_, file_.bytes(), id_.attempt)));
  // Not synced: a run that a crash damages fails its checksum and is computed again.
  ThrowIfError(file_.Close());
  ThrowIfError(RenameFile(file_.path(), path_));
  finished_ = true;
}

}  // namespace gristmill::worker
