// The record file: result pairs in a self-describing, checksummed file. docs/formats/record-file.md
// is the grammar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/file.h"

namespace gristmill::worker {

// Names of the types of a file's pairs, as in JobInfo: "string", "u64".
struct RecordTypes {
  std::string key;
  std::string value;
  friend bool operator==(const RecordTypes&, const RecordTypes&) = default;
};

struct RecordFileTotals {
  std::uint64_t blocks = 0;
  std::uint64_t pairs = 0;
};

std::string EncodeRecordFileHeader(const RecordTypes& types);
// The header of the file's block `number`, which holds `block`, encoded pairs.
std::string EncodeRecordBlockHeader(std::string_view block, std::uint64_t pairs,
                                    std::uint64_t number);
std::string EncodeRecordFileFooter(const RecordFileTotals& totals);

// Reads a record file from its begin to its end. Not thread-safe.
class RecordFileReader {
 public:
  // DataLoss if it is no record file or its header is damaged.
  static absl::StatusOr<RecordFileReader> Open(const std::string& path);

  const RecordTypes& types() const { return types_; }
  // Replaces `block` by the next block's pairs (gristmill/pair_codec.h). False at the end, once the
  // footer agreed with what was read; DataLoss if anything is damaged or missing.
  absl::StatusOr<bool> NextBlock(std::string* block);

 private:
  explicit RecordFileReader(File file) : file_(std::move(file)) {}
  absl::Status ReadHeader();
  absl::Status ReadExactly(std::size_t bytes, std::string* out);
  absl::Status CheckFooter();
  absl::Status Damaged() const;

  File file_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t offset_ = 0;
  RecordTypes types_;
  RecordFileTotals totals_;
  bool at_end_ = false;
};

}  // namespace gristmill::worker
