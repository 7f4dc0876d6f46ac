// Merges any number of segments within a memory budget, in several passes if need be.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/pipeline/merger.h"
#include "worker/pipeline/segment_reader.h"

namespace gristmill::worker {

struct MergeOptions {
  std::uint64_t memory_bytes = 0;  // for the blocks of the segments that are merged at once
  std::string scratch_directory;   // exists; the caller removes it
  RunFileId id;                    // of the merging task: names its scratch files
  std::uint32_t partition = 0;
};

struct MergeStatistics {
  std::uint64_t scratch_bytes = 0;
  std::uint64_t scratch_runs = 0;
};

// The groups [begin, end) of neighbouring segments that the next pass merges, so that afterwards
// the budget holds or another pass comes closer; empty if all fit at once. Neighbours only: that
// keeps the order of equal keys. `block_bytes` has the memory that each segment needs.
std::vector<std::pair<std::size_t, std::size_t>> PlanMergePass(
    const std::vector<std::uint64_t>& block_bytes, std::uint64_t memory_bytes);

// Runs the passes that are needed and returns the last merge. Throws like Merger.
std::unique_ptr<PairSource> MergeSegments(std::vector<SegmentRef> segments,
                                          const MergeOptions& options,
                                          const std::atomic<bool>& cancelled,
                                          std::atomic<std::uint64_t>* records,
                                          MergeStatistics* statistics);

}  // namespace gristmill::worker
