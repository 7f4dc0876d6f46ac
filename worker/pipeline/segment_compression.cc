#include "worker/pipeline/segment_compression.h"

#include <lz4.h>

#include "base/status.h"
#include "worker/pipeline/segment_transfer.h"

namespace gristmill::worker {
namespace {

constexpr std::uint64_t kProbeEvery = 32;
constexpr std::size_t kTellingBytesMin = 128 << 10;
constexpr double kWeightOfLast = 0.25;
constexpr double kGainMin = 2;

void Average(double* average, double value) {
  *average = *average < 0 ? value : *average + kWeightOfLast * (value - *average);
}

}  // namespace

bool CompressPiece(std::string_view piece, std::string* compressed) {
  const std::size_t bytes_max = piece.size() / 8 * 7;
  compressed->resize(bytes_max);
  const int made =
      ::LZ4_compress_default(piece.data(), compressed->data(), static_cast<int>(piece.size()),
                             static_cast<int>(bytes_max));
  compressed->resize(made > 0 ? static_cast<std::size_t>(made) : 0);
  return made > 0;
}

absl::StatusOr<std::string_view> DecompressPiece(std::string_view compressed,
                                                 std::uint32_t piece_bytes, std::string* buffer) {
  if (piece_bytes > kSegmentPieceBytesMax || compressed.size() > kSegmentPieceBytesMax) {
    return DataLoss("a piece of {} bytes is larger than any", piece_bytes);
  }
  buffer->resize(piece_bytes);
  const int made =
      ::LZ4_decompress_safe(compressed.data(), buffer->data(), static_cast<int>(compressed.size()),
                            static_cast<int>(piece_bytes));
  if (made != static_cast<int>(piece_bytes)) return DataLoss("a compressed piece is damaged");
  return std::string_view(*buffer);
}

bool CompressionGain::Pays() const {
  if (compress_seconds_ < 0 || send_seconds_ < 0) return false;
  return (1 - ratio_) * send_seconds_ > kGainMin * compress_seconds_;
}

bool CompressionGain::ShouldTry() { return asked_++ % kProbeEvery == 0 || Pays(); }

void CompressionGain::OnCompressed(std::size_t piece_bytes, std::size_t compressed_bytes,
                                   double seconds) {
  if (piece_bytes < kTellingBytesMin) return;
  const auto bytes = static_cast<double>(piece_bytes);
  const bool is_first = compress_seconds_ < 0;
  Average(&compress_seconds_, seconds / bytes);
  const double ratio = static_cast<double>(compressed_bytes) / bytes;
  if (is_first) ratio_ = ratio;
  Average(&ratio_, ratio);
}

void CompressionGain::OnSent(std::size_t bytes, double seconds) {
  if (bytes < kTellingBytesMin) return;
  Average(&send_seconds_, seconds / static_cast<double>(bytes));
}

}  // namespace gristmill::worker
