#include "worker/pipeline/record_file.h"

#include <xxhash.h>

#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/status.h"
#include "worker/pipeline/run_file_format.h"

namespace gristmill::worker {
namespace {

constexpr std::string_view kHeaderMagic = "GRISTREC";
constexpr std::string_view kFooterMagic = "GRISTEND";
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kFixedHeaderBytes = 20;  // magic, version, two lengths
constexpr std::size_t kFooterBytes = 32;
constexpr std::uint32_t kTypeNameBytesMax = 4096;

std::uint64_t Hash(std::string_view bytes) { return ::XXH3_64bits(bytes.data(), bytes.size()); }

template <class T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T Get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

std::string EncodeRecordFileHeader(const RecordTypes& types) {
  GM_CHECK(types.key.size() <= kTypeNameBytesMax && types.value.size() <= kTypeNameBytesMax);
  std::string out(kHeaderMagic);
  Put(&out, kVersion);
  Put(&out, static_cast<std::uint32_t>(types.key.size()));
  Put(&out, static_cast<std::uint32_t>(types.value.size()));
  out += types.key;
  out += types.value;
  Put(&out, Hash(out));
  return out;
}

std::string EncodeRecordBlockHeader(std::string_view block, std::uint64_t pairs,
                                    std::uint64_t number) {
  GM_CHECK(pairs > 0 && pairs <= std::numeric_limits<std::uint32_t>::max());
  BlockHeader header{.stored_bytes = static_cast<std::uint32_t>(block.size()),
                     .raw_bytes = static_cast<std::uint32_t>(block.size()),
                     .pairs = static_cast<std::uint32_t>(pairs)};
  header.checksum = BlockChecksum(header, block, {.number = number});
  const auto encoded = EncodeBlockHeader(header);
  return {encoded.data(), encoded.size()};
}

std::string EncodeRecordFileFooter(const RecordFileTotals& totals) {
  std::string out;
  Put(&out, totals.blocks);
  Put(&out, totals.pairs);
  Put(&out, Hash(out));
  out += kFooterMagic;
  return out;
}

absl::StatusOr<RecordFileReader> RecordFileReader::Open(const std::string& path) {
  GM_ASSIGN_OR_RETURN(File file, File::OpenForReading(path));
  RecordFileReader reader(std::move(file));
  GM_RETURN_IF_ERROR(reader.ReadHeader());
  return reader;
}

absl::Status RecordFileReader::Damaged() const {
  return DataLoss("the record file '{}' is damaged near byte {}", file_.path(), offset_);
}

absl::Status RecordFileReader::ReadExactly(std::size_t bytes, std::string* out) {
  if (bytes > file_bytes_ - offset_) return Damaged();
  out->resize(bytes);
  GM_ASSIGN_OR_RETURN(const std::size_t got, file_.ReadAt(offset_, out->data(), bytes));
  if (got != bytes) return Damaged();
  offset_ += bytes;
  return absl::OkStatus();
}

absl::Status RecordFileReader::ReadHeader() {
  GM_ASSIGN_OR_RETURN(file_bytes_, file_.Size());
  std::string head, rest;
  if (file_bytes_ < kFixedHeaderBytes) {
    return DataLoss("'{}' is not a record file", file_.path());
  }
  GM_RETURN_IF_ERROR(ReadExactly(kFixedHeaderBytes, &head));
  if (!head.starts_with(kHeaderMagic)) {
    return DataLoss("'{}' is not a record file", file_.path());
  }
  const auto key_bytes = Get<std::uint32_t>(head, 12);
  const auto value_bytes = Get<std::uint32_t>(head, 16);
  if (key_bytes > kTypeNameBytesMax || value_bytes > kTypeNameBytesMax) return Damaged();
  const std::size_t names_bytes = std::size_t{key_bytes} + value_bytes;
  GM_RETURN_IF_ERROR(ReadExactly(names_bytes + sizeof(std::uint64_t), &rest));
  head.append(rest, 0, names_bytes);
  if (Get<std::uint64_t>(rest, names_bytes) != Hash(head)) return Damaged();
  if (const auto version = Get<std::uint32_t>(head, 8); version != kVersion) {
    return DataLoss("the record file '{}' has the unknown version {}", file_.path(), version);
  }
  types_ = {rest.substr(0, key_bytes), rest.substr(key_bytes, value_bytes)};
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordFileReader::NextBlock(std::string* block) {
  if (at_end_) return false;
  if (file_bytes_ - offset_ == kFooterBytes) {
    GM_RETURN_IF_ERROR(CheckFooter());
    at_end_ = true;
    return false;
  }
  std::string head;
  GM_RETURN_IF_ERROR(ReadExactly(kBlockHeaderBytes, &head));
  const auto header = DecodeBlockHeader(head);
  if (!header.ok() || header->codec != BlockCodec::kNone) return Damaged();
  GM_RETURN_IF_ERROR(ReadExactly(header->stored_bytes, block));
  if (BlockChecksum(*header, *block, {.number = totals_.blocks}) != header->checksum)
    return Damaged();
  totals_.blocks += 1;
  totals_.pairs += header->pairs;
  return true;
}

absl::Status RecordFileReader::CheckFooter() {
  std::string footer;
  GM_RETURN_IF_ERROR(ReadExactly(kFooterBytes, &footer));
  if (footer != EncodeRecordFileFooter(totals_)) return Damaged();
  return absl::OkStatus();
}

}  // namespace gristmill::worker
