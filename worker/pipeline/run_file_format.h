// The bytes of a run file, encoded and decoded. docs/formats/run-file.md is the grammar.
//
//   file = header, block…, index entry…, footer        all integers little-endian
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"

namespace gristmill::worker {

// Whose output a run file holds. A reader that expects another one's refuses the file.
struct RunFileId {
  TaskRef task;
  AttemptId attempt;
  friend bool operator==(const RunFileId&, const RunFileId&) = default;
};

inline constexpr std::size_t kRunFileHeaderBytes = 48;
inline constexpr std::size_t kBlockHeaderBytes = 24;
inline constexpr std::size_t kIndexEntryBytes = 48;
inline constexpr std::size_t kRunFileFooterBytes = 40;
// Writers aim at blocks of this size; a larger one holds a single pair.
inline constexpr std::size_t kBlockBytesTarget = 256 << 10;
// No block is larger, so that a damaged length can't ask for all memory.
inline constexpr std::size_t kBlockBytesMax = 512 << 20;

enum class BlockCodec : std::uint32_t { kNone = 0, kLz4 = 1 };

struct BlockHeader {
  std::uint32_t stored_bytes = 0;  // of the payload that follows
  std::uint32_t raw_bytes = 0;     // of the payload once decompressed
  std::uint32_t pairs = 0;
  BlockCodec codec = BlockCodec::kNone;
  std::uint64_t checksum = 0;  // BlockChecksum
};

// The blocks of one partition within one run.
struct IndexEntry {
  std::uint32_t run = 0;
  std::uint32_t partition = 0;
  std::uint64_t offset = 0;  // of the first block's header in the file
  std::uint64_t bytes = 0;   // with block headers
  std::uint64_t pairs = 0;
  std::uint32_t blocks = 0;
  std::uint32_t block_bytes_max = 0;  // the largest raw_bytes
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

// Where a block belongs, which its checksum vouches for.
struct BlockPlace {
  std::uint64_t attempt = 0;
  std::uint32_t run = 0;
  std::uint32_t partition = 0;
  std::uint64_t number = 0;  // 0, 1, … within the run's partition
};

// The seed under which XXH3 of a block's payload gives its checksum: made of the header's lengths
// and of the block's place, so that neither a damaged header nor a block of another file or of
// another place in the same one passes.
std::uint64_t BlockPayloadSeed(const BlockHeader& header, const BlockPlace& place);
std::uint64_t BlockChecksum(const BlockHeader& header, std::string_view payload,
                            const BlockPlace& place);

std::array<char, kBlockHeaderBytes> EncodeBlockHeader(const BlockHeader& header);
// `bytes` has kBlockHeaderBytes. DataLoss if its lengths can't be.
absl::StatusOr<BlockHeader> DecodeBlockHeader(std::string_view bytes);

std::string EncodeRunFileHeader(const RunFileId& id);
absl::StatusOr<RunFileId> DecodeRunFileHeader(std::string_view bytes);

// The index, sorted by (partition, run), and the footer: everything after the last block, which
// ends at `index_offset`.
std::string EncodeIndex(std::vector<IndexEntry> entries, std::uint64_t index_offset,
                        AttemptId attempt);

struct Footer {
  std::uint64_t index_offset = 0;
  std::uint64_t entries = 0;
};
// Checks that header, index and footer add up to `file_bytes`.
absl::StatusOr<Footer> DecodeFooter(std::string_view bytes, std::uint64_t file_bytes,
                                    AttemptId attempt);
// The entry at place `number`, which `bytes` holds. Checks its own checksum, so that a reader needs
// no others; and that it lies between header and index.
absl::StatusOr<IndexEntry> DecodeIndexEntry(std::string_view bytes, std::uint64_t number,
                                            const Footer& footer, AttemptId attempt);

}  // namespace gristmill::worker
