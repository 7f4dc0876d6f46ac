#include "worker/pipeline/segment_transfer.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "worker/pipeline/run_reader.h"

namespace gristmill::worker {

absl::StatusOr<SegmentExporter> SegmentExporter::Open(const std::string& run_file,
                                                      const RunFileId& expected,
                                                      std::uint32_t partition) {
  GM_ASSIGN_OR_RETURN(RunFile run, OpenRunFile(run_file, expected, partition));
  SegmentExporter exporter;
  exporter.file_ = std::move(run.file);
  exporter.entries_ = std::move(run.entries);
  return exporter;
}

absl::StatusOr<SegmentPiece> SegmentExporter::Next(std::string* buffer, std::size_t bytes_max) {
  if (entries_.empty()) {
    buffer->clear();
    return SegmentPiece{.run = 0, .data = {}, .last = true};
  }
  const IndexEntry& entry = entries_[entry_];
  buffer->resize(std::min<std::uint64_t>(entry.bytes - done_bytes_, bytes_max));
  GM_ASSIGN_OR_RETURN(const std::size_t got,
                      file_.ReadAt(entry.offset + done_bytes_, buffer->data(), buffer->size()));
  if (got != buffer->size()) return DataLoss("the run file '{}' was cut off", file_.path());
  done_bytes_ += got;
  SegmentPiece piece{.run = entry.run, .data = *buffer, .last = false};
  if (done_bytes_ == entry.bytes) {
    ++entry_;
    done_bytes_ = 0;
    piece.last = entry_ == entries_.size();
  }
  return piece;
}

absl::StatusOr<SegmentFileWriter> SegmentFileWriter::Create(const std::string& path,
                                                            const RunFileId& id,
                                                            std::uint32_t partition) {
  GM_ASSIGN_OR_RETURN(BufferedWriter file, BufferedWriter::Create(path));
  SegmentFileWriter writer(std::move(file), id, partition);
  GM_RETURN_IF_ERROR(writer.file_.Append(EncodeRunFileHeader(id)));
  return writer;
}

SegmentFileWriter::SegmentFileWriter(SegmentFileWriter&& other) noexcept
    : file_(std::move(other.file_)),
      id_(other.id_),
      partition_(other.partition_),
      entries_(std::move(other.entries_)),
      head_(std::move(other.head_)),
      block_(other.block_),
      payload_missing_bytes_(other.payload_missing_bytes_),
      checksum_(std::move(other.checksum_)),
      finished_(std::exchange(other.finished_, true)) {}

SegmentFileWriter::~SegmentFileWriter() {
  if (!finished_) RemoveFile(file_.path()).IgnoreError();
}

absl::Status SegmentFileWriter::Damaged(std::string_view what) const {
  return DataLoss("partition {} of map task {} attempt {} came in damaged: {}", partition_,
                  id_.task.task, id_.attempt.value(), what);
}

absl::Status SegmentFileWriter::Append(std::uint32_t run, std::string_view data) {
  if (!data.empty() && (entries_.empty() || entries_.back().run != run)) {
    GM_RETURN_IF_ERROR(BeginEntry(run));
  }
  while (!data.empty()) {
    GM_RETURN_IF_ERROR(payload_missing_bytes_ == 0 ? TakeHeader(&data) : TakePayload(&data));
  }
  return absl::OkStatus();
}

absl::Status SegmentFileWriter::BeginEntry(std::uint32_t run) {
  const bool mid_block = !head_.empty() || payload_missing_bytes_ > 0;
  if (mid_block || (!entries_.empty() && run < entries_.back().run)) {
    return Damaged("a run is cut off");
  }
  entries_.push_back({.run = run, .partition = partition_, .offset = file_.bytes()});
  return absl::OkStatus();
}

absl::Status SegmentFileWriter::TakeHeader(std::string_view* data) {
  const std::size_t take = std::min(data->size(), kBlockHeaderBytes - head_.size());
  head_.append(data->substr(0, take));
  data->remove_prefix(take);
  if (head_.size() < kBlockHeaderBytes) return absl::OkStatus();
  auto header = DecodeBlockHeader(head_);
  if (!header.ok()) return Damaged(Message(header.status()));
  block_ = *header;
  payload_missing_bytes_ = block_.stored_bytes;
  const IndexEntry& entry = entries_.back();
  checksum_.Reset(
      BlockPayloadSeed(block_, {id_.attempt.value(), entry.run, partition_, entry.blocks}));
  GM_RETURN_IF_ERROR(file_.Append(head_));
  head_.clear();
  return absl::OkStatus();
}

absl::Status SegmentFileWriter::TakePayload(std::string_view* data) {
  const auto part = data->substr(0, std::min<std::uint64_t>(data->size(), payload_missing_bytes_));
  data->remove_prefix(part.size());
  payload_missing_bytes_ -= part.size();
  checksum_.Update(part);
  GM_RETURN_IF_ERROR(file_.Append(part));
  return payload_missing_bytes_ == 0 ? EndBlock() : absl::OkStatus();
}

absl::Status SegmentFileWriter::EndBlock() {
  if (checksum_.Digest() != block_.checksum) return Damaged("a checksum is wrong");
  IndexEntry& entry = entries_.back();
  entry.bytes = file_.bytes() - entry.offset;
  entry.pairs += block_.pairs;
  entry.blocks += 1;
  entry.block_bytes_max = std::max(entry.block_bytes_max, block_.raw_bytes);
  return absl::OkStatus();
}

absl::Status SegmentFileWriter::Finish() {
  if (!head_.empty() || payload_missing_bytes_ > 0) return Damaged("its end is missing");
  GM_RETURN_IF_ERROR(file_.Append(EncodeIndex(entries_, file_.bytes(), id_.attempt)));
  GM_RETURN_IF_ERROR(file_.Close());
  finished_ = true;
  return absl::OkStatus();
}

}  // namespace gristmill::worker
