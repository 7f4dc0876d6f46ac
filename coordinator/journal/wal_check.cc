// The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
#include "coordinator/journal/wal_check.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // + 1: checksums read words as big-endian
constexpr std::uint32_t kPageBytesMin = 512, kPageBytesMax = 65'536;

using Bytes = std::span<const std::uint8_t>;
using Sums = std::array<std::uint32_t, 2>;

std::uint32_t BigEndian(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
}
std::uint32_t LittleEndian(Bytes bytes, std::size_t at) {
  return __builtin_bswap32(BigEndian(bytes, at));
}

class Wal {
 public:
  explicit Wal(Bytes file) : file_(file) {
    if (file.size() < kHeaderBytes) return;
    big_endian_ = BigEndian(file, 0) == kMagic + 1;
    page_bytes_ = BigEndian(file, 8);
    const bool known = (BigEndian(file, 0) & ~1u) == kMagic && page_bytes_ >= kPageBytesMin &&
                       page_bytes_ <= kPageBytesMax;
    sound_ = known && Sum({0, 0}, file.first(24)) == SumsAt(24);
  }

  bool sound() const { return sound_; }
  std::size_t frames() const {
    return (file_.size() - kHeaderBytes) / (kFrameHeaderBytes + page_bytes_);
  }
  // As far as the frame before it tells: its stored sums are where this one's begin.
  bool IsValid(std::size_t frame) const {
    const std::size_t at = Begin(frame);
    if (BigEndian(file_, at + 8) != BigEndian(file_, 16) ||
        BigEndian(file_, at + 12) != BigEndian(file_, 20)) {
      return false;  // of an earlier use of the file
    }
    const Sums before = frame == 0 ? SumsAt(24) : SumsAt(Begin(frame - 1) + 16);
    const Sums sums =
        Sum(Sum(before, file_.subspan(at, 8)), file_.subspan(at + kFrameHeaderBytes, page_bytes_));
    return sums == SumsAt(at + 16);
  }
  bool EndsTransaction(std::size_t frame) const { return BigEndian(file_, Begin(frame) + 4) != 0; }

 private:
  std::size_t Begin(std::size_t frame) const {
    return kHeaderBytes + frame * (kFrameHeaderBytes + page_bytes_);
  }
  Sums SumsAt(std::size_t at) const { return {BigEndian(file_, at), BigEndian(file_, at + 4)}; }
  Sums Sum(Sums sums, Bytes words) const {
    for (std::size_t at = 0; at + 8 <= words.size(); at += 8) {
      sums[0] += Word(words, at) + sums[1];
      sums[1] += Word(words, at + 4) + sums[0];
    }
    return sums;
  }
  std::uint32_t Word(Bytes words, std::size_t at) const {
    return big_endian_ ? BigEndian(words, at) : LittleEndian(words, at);
  }

  const Bytes file_;
  bool big_endian_ = false;
  std::uint32_t page_bytes_ = 0;
  bool sound_ = false;
};

}  // namespace

absl::Status CheckWal(const std::string& wal_path) {
  std::ifstream in(wal_path, std::ios::binary);
  const std::vector<char> content{std::istreambuf_iterator<char>(in), {}};
  if (content.size() < kHeaderBytes) return absl::OkStatus();  // its first write was torn
  const Wal wal({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  if (!wal.sound()) return DataLoss("the header of its -wal is damaged");
  bool damaged = false, synced = false;  // a frame is not valid; its transaction had ended
  for (std::size_t frame = 0; frame < wal.frames(); ++frame) {
    const bool valid = wal.IsValid(frame);
    if (valid && synced) return DataLoss("frame {} of its -wal comes after a damaged one", frame);
    damaged = damaged || !valid;
    synced = synced || (damaged && wal.EndsTransaction(frame));
  }
  return absl::OkStatus();
}

}  // namespace gristmill::coordinator
