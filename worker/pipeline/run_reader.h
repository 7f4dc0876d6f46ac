// Opens run files and reads their blocks. Nothing unverified is ever handed out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/file.h"
#include "worker/pipeline/run_file_format.h"

namespace gristmill::worker {

struct RunFile {
  File file;
  std::vector<IndexEntry> entries;  // of one partition, in run order
};

// Reads and checks header, footer and what the index has of the partition: not more, since each
// reduce task opens the file of each map task. NotFound if there is no such file; DataLoss if what
// was read is damaged or not the output of `expected`.
absl::StatusOr<RunFile> OpenRunFile(const std::string& path, const RunFileId& expected,
                                    std::uint32_t partition);

// Reads the blocks of one index entry in order. The file is opened for each block, so that a merge
// of a thousand runs doesn't need a thousand descriptors. Not thread-safe.
class BlockReader {
 public:
  BlockReader(std::string path, AttemptId attempt, const IndexEntry& entry);

  // True while there are blocks to come.
  bool has_next() const { return blocks_left_ > 0; }
  // Replaces `payload` by the next block's pairs, decompressed. DataLoss if it is damaged.
  absl::StatusOr<BlockHeader> Next(std::string* payload);

 private:
  absl::StatusOr<BlockHeader> ReadBlock(const File& file, std::string* payload);
  absl::Status Damaged() const;

  std::string path_;
  AttemptId attempt_;
  IndexEntry entry_;
  std::uint64_t offset_;  // of the next block's header
  std::uint32_t blocks_left_;
  std::uint64_t pairs_left_;
  std::string stored_;  // compressed payloads
};

}  // namespace gristmill::worker
