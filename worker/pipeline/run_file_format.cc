#include "worker/pipeline/run_file_format.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstring>

#include "base/status.h"

namespace gristmill::worker {
namespace {

static_assert(std::endian::native == std::endian::little,
              "fields are stored as they lie in memory");

constexpr std::string_view kHeaderMagic = "GRISTRUN";
constexpr std::string_view kFooterMagic = "GRISTEND";
constexpr std::uint32_t kVersion = 3;
// No LZ4 block makes more of a byte: so a short block can't ask for much memory.
constexpr std::uint32_t kLz4RatioMax = 255;
// The last 16 bytes of a footer are not in its checksum: the checksum and the magic.
constexpr std::size_t kChecksummedFooterBytes = kRunFileFooterBytes - 16;
constexpr std::size_t kChecksummedEntryBytes = kIndexEntryBytes - 8;

template <std::unsigned_integral T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Reads integers one after the other from bytes known to be long enough.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : next_(bytes.data()) {}
  template <std::unsigned_integral T>
  Fields& Get(T* value) {
    std::memcpy(value, next_, sizeof *value);
    next_ += sizeof *value;
    return *this;
  }

 private:
  const char* next_;
};

std::uint64_t Hash(std::string_view bytes) { return ::XXH3_64bits(bytes.data(), bytes.size()); }

// Whether the fields of `entry` agree with each other.
bool IsPlausible(const IndexEntry& entry) {
  return entry.blocks > 0 && entry.pairs >= entry.blocks &&
         entry.bytes / kBlockHeaderBytes >= entry.blocks && entry.block_bytes_max > 0 &&
         entry.block_bytes_max <= kBlockBytesMax;
}

// Of what has that place in the index of the attempt's file; the footer's is after the last entry.
std::uint64_t ChecksumInIndex(std::string_view bytes, std::uint64_t number, AttemptId attempt) {
  std::string all(bytes);
  Put(&all, number);
  return ::XXH3_64bits_withSeed(all.data(), all.size(), attempt.value());
}

}  // namespace

std::uint64_t BlockPayloadSeed(const BlockHeader& header, const BlockPlace& place) {
  const auto encoded = EncodeBlockHeader(header);
  std::string bytes(encoded.data(), kBlockHeaderBytes - sizeof header.checksum);
  Put(&bytes, place.run);
  Put(&bytes, place.partition);
  Put(&bytes, place.number);
  return ::XXH3_64bits_withSeed(bytes.data(), bytes.size(), place.attempt);
}

std::uint64_t BlockChecksum(const BlockHeader& header, std::string_view payload,
                            const BlockPlace& place) {
  return ::XXH3_64bits_withSeed(payload.data(), payload.size(), BlockPayloadSeed(header, place));
}

std::array<char, kBlockHeaderBytes> EncodeBlockHeader(const BlockHeader& header) {
  const std::uint32_t fields[4] = {header.stored_bytes, header.raw_bytes, header.pairs,
                                   static_cast<std::uint32_t>(header.codec)};
  std::array<char, kBlockHeaderBytes> out;
  std::memcpy(out.data(), fields, sizeof fields);
  std::memcpy(out.data() + sizeof fields, &header.checksum, sizeof header.checksum);
  return out;
}

absl::StatusOr<BlockHeader> DecodeBlockHeader(std::string_view bytes) {
  BlockHeader header;
  std::uint32_t codec = 0;
  Fields(bytes)
      .Get(&header.stored_bytes)
      .Get(&header.raw_bytes)
      .Get(&header.pairs)
      .Get(&codec)
      .Get(&header.checksum);
  header.codec = static_cast<BlockCodec>(codec);
  const bool raw_is_stored = header.stored_bytes == header.raw_bytes;
  if (header.stored_bytes == 0 || header.stored_bytes > kBlockBytesMax || header.raw_bytes == 0 ||
      header.raw_bytes > kBlockBytesMax || header.pairs == 0 || codec > 1 ||
      (header.codec == BlockCodec::kNone && !raw_is_stored) ||
      header.raw_bytes / kLz4RatioMax > header.stored_bytes) {
    return DataLoss("a block header is damaged");
  }
  return header;
}

std::string EncodeRunFileHeader(const RunFileId& id) {
  std::string out(kHeaderMagic);
  Put(&out, kVersion);
  Put(&out, id.task.stage);
  Put(&out, id.task.job.value());
  Put(&out, id.task.task);
  Put(&out, std::uint32_t{0});
  Put(&out, id.attempt.value());
  Put(&out, Hash(out));
  return out;
}

absl::StatusOr<RunFileId> DecodeRunFileHeader(std::string_view bytes) {
  if (bytes.size() < kRunFileHeaderBytes || !bytes.starts_with(kHeaderMagic)) {
    return DataLoss("it is not a run file");
  }
  std::uint32_t version = 0, stage = 0, task = 0, reserved = 0;
  std::uint64_t job = 0, attempt = 0, checksum = 0;
  Fields(bytes.substr(kHeaderMagic.size()))
      .Get(&version)
      .Get(&stage)
      .Get(&job)
      .Get(&task)
      .Get(&reserved)
      .Get(&attempt)
      .Get(&checksum);
  if (checksum != Hash(bytes.substr(0, kRunFileHeaderBytes - sizeof checksum))) {
    return DataLoss("its header is damaged");
  }
  if (version != kVersion) return DataLoss("it has the unknown version {}", version);
  return RunFileId{{JobId(job), stage, task}, AttemptId(attempt)};
}

std::string EncodeIndex(std::vector<IndexEntry> entries, std::uint64_t index_offset,
                        AttemptId attempt) {
  std::ranges::sort(entries, [](const IndexEntry& a, const IndexEntry& b) {
    return a.partition != b.partition ? a.partition < b.partition : a.run < b.run;
  });
  std::string out;
  out.reserve(entries.size() * kIndexEntryBytes + kRunFileFooterBytes);
  for (std::uint64_t number = 0; number < entries.size(); ++number) {
    const IndexEntry& e = entries[number];
    Put(&out, e.run);
    Put(&out, e.partition);
    Put(&out, e.offset);
    Put(&out, e.bytes);
    Put(&out, e.pairs);
    Put(&out, e.blocks);
    Put(&out, e.block_bytes_max);
    const std::string_view fields(out.data() + out.size() - kChecksummedEntryBytes,
                                  kChecksummedEntryBytes);
    Put(&out, ChecksumInIndex(fields, number, attempt));
  }
  Put(&out, index_offset);
  Put(&out, std::uint64_t{entries.size()});
  Put(&out, std::uint64_t{kVersion});
  const std::string_view fields(out.data() + out.size() - kChecksummedFooterBytes,
                                kChecksummedFooterBytes);
  Put(&out, ChecksumInIndex(fields, entries.size(), attempt));
  out.append(kFooterMagic);
  return out;
}

absl::StatusOr<Footer> DecodeFooter(std::string_view bytes, std::uint64_t file_bytes,
                                    AttemptId attempt) {
  if (bytes.size() != kRunFileFooterBytes || !bytes.ends_with(kFooterMagic)) {
    return DataLoss("it was cut off");
  }
  Footer footer;
  std::uint64_t version = 0, checksum = 0;
  Fields(bytes).Get(&footer.index_offset).Get(&footer.entries).Get(&version).Get(&checksum);
  const std::uint64_t fixed_bytes = kRunFileHeaderBytes + kRunFileFooterBytes;
  if (version != kVersion || file_bytes < fixed_bytes ||
      footer.entries > (file_bytes - fixed_bytes) / kIndexEntryBytes ||
      footer.index_offset != file_bytes - kRunFileFooterBytes - footer.entries * kIndexEntryBytes ||
      checksum !=
          ChecksumInIndex(bytes.substr(0, kChecksummedFooterBytes), footer.entries, attempt)) {
    return DataLoss("its footer is damaged");
  }
  return footer;
}

absl::StatusOr<IndexEntry> DecodeIndexEntry(std::string_view bytes, std::uint64_t number,
                                            const Footer& footer, AttemptId attempt) {
  if (bytes.size() != kIndexEntryBytes) return DataLoss("it was cut off");
  IndexEntry e;
  std::uint64_t checksum = 0;
  Fields fields(bytes);
  fields.Get(&e.run).Get(&e.partition).Get(&e.offset).Get(&e.bytes).Get(&e.pairs).Get(&e.blocks);
  fields.Get(&e.block_bytes_max).Get(&checksum);
  if (checksum != ChecksumInIndex(bytes.substr(0, kChecksummedEntryBytes), number, attempt)) {
    return DataLoss("its index is damaged");
  }
  if (!IsPlausible(e) || e.offset < kRunFileHeaderBytes || e.offset > footer.index_offset ||
      e.bytes > footer.index_offset - e.offset) {
    return DataLoss("its index contradicts itself");
  }
  return e;
}

}  // namespace gristmill::worker
