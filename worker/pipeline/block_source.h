// From one split to blocks of whole records.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"
#include "worker/pipeline/split_cut.h"

namespace gristmill::worker {

inline constexpr std::size_t kInputBlockBytes = 1 << 20;

struct SourceOptions {
  v1::InputFormat format = v1::INPUT_FORMAT_TEXT_LINES;
  std::uint32_t record_bytes = 0;      // fixed-length records
  std::uint64_t record_bytes_max = 0;  // a longer line or file is an error
  std::size_t block_bytes = kInputBlockBytes;
  // If there is one: lets the source be cut (uncompressed lines, fixed records, ranges of
  // integers), which it can only between blocks, so a small split comes in smaller ones. Outlives
  // the source.
  SplitCut* cut = nullptr;
};

// The most bytes of one record for a task with this much memory: the job's own work on it needs
// the other half.
std::uint64_t RecordBytesMax(std::uint64_t task_memory_bytes);

// The records of `split`. A line belongs to the split in which it starts, so the splits of a file
// together give each line once. Throws TaskError if the file can't be opened or has changed.
// `cancelled` must outlive the source.
std::unique_ptr<InputSource> MakeBlockSource(const v1::Split& split, const SourceOptions& options,
                                             const std::atomic<bool>& cancelled);

// A sample of the split for total-order jobs: whole records from 16 evenly spaced places, together
// about 1 MiB (compressed files: every fourth block, since they can't be entered in the middle).
std::unique_ptr<InputSource> MakeSampledSource(const v1::Split& split, const SourceOptions& options,
                                               const std::atomic<bool>& cancelled);

}  // namespace gristmill::worker
