// Records that a job skipped, kept beside its output: docs/formats/set-aside-records.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill {

// The directory that holds them, below the output, and the files in it.
inline constexpr std::string_view kSetAsideName = "_bad";
inline constexpr std::string_view kSetAsideRecordsName = "records";
inline constexpr std::string_view kSetAsideIndexName = "index.tsv";

struct SetAsideRecord {
  std::string path;
  v1::Compression compression = v1::COMPRESSION_NONE;
  std::uint64_t offset = 0;  // where it begins in the (decompressed) file
  std::string task;          // "map 7"
  std::string reason;        // one sentence; what follows may be several lines
};

// Reads the records, in order of path and offset, from the input of `plan` once more and writes
// them and their index into `directory`, which it makes. DataLoss if the input changed.
absl::Status WriteSetAside(const std::string& directory, const std::vector<SetAsideRecord>& records,
                           const v1::JobPlan& plan);

// Whether `directory` holds nothing but what WriteSetAside writes.
bool IsSetAside(const std::string& directory);
// Removes what WriteSetAside writes, and the directory. One that is not there is fine.
absl::Status RemoveSetAside(const std::string& directory);

}  // namespace gristmill
