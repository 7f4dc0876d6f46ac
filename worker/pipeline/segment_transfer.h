// A segment on its way between hosts: the serving side reads it out of a run file, the fetching
// side makes a run file of one partition from it.
//
// A segment is the blocks of one partition of one run file, run after run, with their headers and
// checksums. Its bytes travel as pieces (SegmentChunk): any cut is fine, but a piece belongs to
// one run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/buffered_writer.h"
#include "storage/file.h"
#include "worker/pipeline/run_file_format.h"
#include "worker/pipeline/xxh3_stream.h"

namespace gristmill::worker {

inline constexpr std::size_t kSegmentPieceBytesMax = 1 << 20;

struct SegmentPiece {
  std::uint32_t run = 0;
  std::string_view data;  // lies in the caller's buffer
  bool last = false;      // of the segment; the data is empty if the segment is
};

// Reads a segment piece by piece: for a server that has one write outstanding. Not thread-safe, but
// calls may come from different threads one after the other.
class SegmentExporter {
 public:
  // NotFound if there is no such file; DataLoss if it is damaged or not the output of `expected`.
  static absl::StatusOr<SegmentExporter> Open(const std::string& run_file,
                                              const RunFileId& expected, std::uint32_t partition);

  // Reads at most `bytes_max` into `buffer`, which is the caller's so that a server sends it
  // without a copy. At least one piece comes, the last has `last` set; not to be called after that.
  absl::StatusOr<SegmentPiece> Next(std::string* buffer,
                                    std::size_t bytes_max = kSegmentPieceBytesMax);

 private:
  SegmentExporter() = default;

  File file_;
  std::vector<IndexEntry> entries_;  // of the partition, in run order
  std::size_t entry_ = 0;            // the current one
  std::uint64_t done_bytes_ = 0;     // of the current entry
};

// Writes the run file that a fetch leaves. Checks every block's checksum on the way, so the file
// is good once Finish succeeded. Not thread-safe. Removes the file if destroyed before that.
class SegmentFileWriter {
 public:
  // Makes `path` with the identity of the map attempt that made the segment.
  static absl::StatusOr<SegmentFileWriter> Create(const std::string& path, const RunFileId& id,
                                                  std::uint32_t partition);
  SegmentFileWriter(SegmentFileWriter&& other) noexcept;
  SegmentFileWriter& operator=(SegmentFileWriter&&) = delete;
  ~SegmentFileWriter();

  // The next bytes as they came in. DataLoss if they can't be the blocks of a segment.
  absl::Status Append(std::uint32_t run, std::string_view data);
  // After the segment's last piece. DataLoss if it was cut off.
  absl::Status Finish();

 private:
  SegmentFileWriter(BufferedWriter file, const RunFileId& id, std::uint32_t partition)
      : file_(std::move(file)), id_(id), partition_(partition) {}

  absl::Status BeginEntry(std::uint32_t run);
  absl::Status TakeHeader(std::string_view* data);
  absl::Status TakePayload(std::string_view* data);
  absl::Status EndBlock();
  absl::Status Damaged(std::string_view what) const;

  BufferedWriter file_;
  RunFileId id_;
  std::uint32_t partition_;
  std::vector<IndexEntry> entries_;
  std::string head_;  // of a block whose header is not complete yet
  BlockHeader block_;
  std::uint64_t payload_missing_bytes_ = 0;
  Xxh3Stream checksum_;
  bool finished_ = false;
};

}  // namespace gristmill::worker
