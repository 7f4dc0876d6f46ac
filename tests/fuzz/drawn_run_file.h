// Run files that a fuzzer's input describes, and what they hold.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "gristmill/pair_codec.h"
#include "tests/fuzz/fuzz_input.h"
#include "worker/pipeline/run_file_writer.h"
#include "worker/pipeline/run_reader.h"

namespace gristmill::fuzz {

inline const worker::RunFileId kDrawnId{{JobId(7), 1, 3}, AttemptId(19)};
inline constexpr std::uint32_t kDrawnPartitions = 4;

inline std::string RunTitle(std::uint32_t run) { return fmt::format("run {}:", run); }

inline std::string DrawBlock(Input& input, std::uint64_t* pairs) {
  std::string block;
  *pairs = 1 + input.Below(3);
  for (std::uint64_t i = 0; i < *pairs; ++i) {
    const std::string_view key = input.Text();
    // Long values are what LZ4 makes shorter.
    AppendPair(&block, key, std::string(input.Byte(), input.Flag() ? 'v' : 'w'));
  }
  return block;
}

// Writes one of up to three runs in any codec; returns what each partition holds.
inline std::vector<std::string> WriteDrawnRunFile(const std::string& path, Input& input) {
  const auto codec = input.Flag() ? worker::BlockCodec::kLz4 : worker::BlockCodec::kNone;
  std::vector<std::string> parts(kDrawnPartitions);
  worker::RunFileWriter writer(path, kDrawnId, kDrawnPartitions, codec);
  for (std::uint32_t runs = input.Below(4), run = 0; run < runs; ++run) {
    writer.BeginRun();
    for (std::uint32_t partition = 0; partition < kDrawnPartitions; ++partition) {
      const std::uint32_t blocks = input.Below(3);
      if (blocks > 0) parts[partition] += RunTitle(run);
      for (std::uint32_t i = 0; i < blocks; ++i) {
        std::uint64_t pairs = 0;
        const std::string block = DrawBlock(input, &pairs);
        writer.Append(partition, block, pairs);
        parts[partition] += block;
      }
    }
    writer.EndRun();
  }
  writer.Finish();
  return parts;
}

inline absl::StatusOr<std::string> ReadPartition(const std::string& path, std::uint32_t partition) {
  GM_ASSIGN_OR_RETURN(const worker::RunFile run, worker::OpenRunFile(path, kDrawnId, partition));
  std::string all, block;
  for (const worker::IndexEntry& entry : run.entries) {
    all += RunTitle(entry.run);
    worker::BlockReader reader(path, kDrawnId.attempt, entry);
    while (reader.has_next()) {
      GM_RETURN_IF_ERROR(reader.Next(&block).status());
      all += block;
    }
  }
  return all;
}

// A block with the right checksum, but lengths, count and payload as the input likes.
inline std::string ForgeBlock(Input& input, const worker::BlockPlace& place) {
  const std::string_view payload = input.Text();
  worker::BlockHeader header{.stored_bytes = static_cast<std::uint32_t>(payload.size()),
                             .raw_bytes = static_cast<std::uint32_t>(payload.size()),
                             .pairs = input.Byte(),
                             .codec = static_cast<worker::BlockCodec>(input.Below(3))};
  if (input.Flag()) header.raw_bytes = input.Number<std::uint32_t>();
  if (input.Below(8) == 1) header.stored_bytes = input.Number<std::uint32_t>();
  header.checksum = worker::BlockChecksum(header, payload, place);
  const auto encoded = worker::EncodeBlockHeader(header);
  return std::string(encoded.data(), encoded.size()) + std::string(payload);
}

}  // namespace gristmill::fuzz
