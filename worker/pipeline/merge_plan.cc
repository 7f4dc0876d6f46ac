#include "worker/pipeline/merge_plan.h"

#include <algorithm>

#include "gristmill/pair_codec.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

// What a segment costs beside its block: reader, tree node.
constexpr std::uint64_t kSegmentOverheadBytes = 512;
// What the run that a pass writes costs: a block being filled and the writer's buffer.
constexpr std::uint64_t kOutputBytes = 2 * kBlockBytesTarget;

std::uint64_t NeededBytes(const SegmentRef& segment) {
  return segment.entry.block_bytes_max + kSegmentOverheadBytes;
}

// Writes `pairs` as one run of blocks of the usual size.
void WriteRun(PairSource& pairs, std::uint32_t partition, RunFileWriter* writer) {
  std::string block;
  std::uint64_t block_pairs = 0;
  const auto flush = [&] {
    writer->Append(partition, block, block_pairs);
    block.clear();
    block_pairs = 0;
  };
  writer->BeginRun();
  for (auto batch = pairs.NextBatch(); !batch.empty(); batch = pairs.NextBatch()) {
    for (const EncodedPair& pair : batch) {
      const std::size_t bytes =
          2 * kVarint32BytesMax + std::size_t{pair.key_bytes} + pair.value_bytes;
      if (block_pairs > 0 && block.size() + bytes > kBlockBytesTarget) flush();
      AppendPair(&block, pair.key_view(), pair.value_view());
      ++block_pairs;
    }
  }
  flush();
  writer->EndRun();
}

// Merges `group` into a new run file and removes the scratch files it replaces.
SegmentRef MergeGroup(const std::vector<SegmentRef>& group, const MergeOptions& options,
                      const std::atomic<bool>& cancelled, MergeStatistics* statistics) {
  const std::string path =
      fmt::format("{}/merge-{}.runs", options.scratch_directory, statistics->scratch_runs++);
  std::atomic<std::uint64_t> records{0};  // only the last pass counts as progress
  Merger merger(group, cancelled, &records);
  RunFileWriter writer(path, options.id, options.partition + 1);
  WriteRun(merger, options.partition, &writer);
  writer.Finish();
  statistics->scratch_bytes += writer.bytes();
  for (const SegmentRef& segment : group) {
    if (!segment.origin.has_value()) ThrowIfError(RemoveFile(segment.path));
  }
  return {path, options.id.attempt, writer.index().front(), std::nullopt};
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> PlanMergePass(
    const std::vector<std::uint64_t>& block_bytes, std::uint64_t memory_bytes) {
  std::vector<std::pair<std::size_t, std::size_t>> groups;
  std::uint64_t total = 0;  // needed to merge everything that is left at once
  for (const std::uint64_t bytes : block_bytes) total += bytes;
  const std::uint64_t group_bytes_max = memory_bytes - std::min(memory_bytes, kOutputBytes);
  for (std::size_t begin = 0; total > memory_bytes && block_bytes.size() - begin >= 2;) {
    std::size_t end = begin;
    std::uint64_t taken = 0, result = kBlockBytesTarget;
    while (end < block_bytes.size()) {
      const std::size_t count = end - begin;
      const bool full = taken + block_bytes[end] > group_bytes_max;
      const bool enough = total - taken + result <= memory_bytes;
      if (count >= 2 && (full || enough)) break;
      taken += block_bytes[end];
      result = std::max(result, block_bytes[end]);
      ++end;
    }
    groups.emplace_back(begin, end);
    total = total - taken + result;
    begin = end;
  }
  return groups;
}

std::unique_ptr<PairSource> MergeSegments(std::vector<SegmentRef> segments,
                                          const MergeOptions& options,
                                          const std::atomic<bool>& cancelled,
                                          std::atomic<std::uint64_t>* records,
                                          MergeStatistics* statistics) {
  while (true) {
    std::vector<std::uint64_t> needed(segments.size());
    std::transform(segments.begin(), segments.end(), needed.begin(), NeededBytes);
    const auto groups = PlanMergePass(needed, options.memory_bytes);
    if (groups.empty()) return std::make_unique<Merger>(segments, cancelled, records);
    std::vector<SegmentRef> merged;
    std::size_t next = 0;
    for (const auto& [begin, end] : groups) {
      merged.push_back(MergeGroup({segments.begin() + static_cast<std::ptrdiff_t>(begin),
                                   segments.begin() + static_cast<std::ptrdiff_t>(end)},
                                  options, cancelled, statistics));
      next = end;
    }
    merged.insert(merged.end(), segments.begin() + static_cast<std::ptrdiff_t>(next),
                  segments.end());
    segments = std::move(merged);
  }
}

}  // namespace gristmill::worker
