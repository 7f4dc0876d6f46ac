// LZ4 for pieces of segments on their way to another host, where it makes them arrive sooner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gristmill::worker {

// Puts `piece` as one LZ4 block into `compressed`. False if that is not clearly smaller.
bool CompressPiece(std::string_view piece, std::string* compressed);

// The piece of `piece_bytes` that `compressed` stands for; it lies in `buffer`. DataLoss if it
// stands for none, or for more than a piece may have: nothing is allocated then.
absl::StatusOr<std::string_view> DecompressPiece(std::string_view compressed,
                                                 std::uint32_t piece_bytes, std::string* buffer);

// Whether compression pays on the way to one peer, from what earlier pieces cost: it does if it
// spares more than twice the time on the wire that it takes, for that time is a processor's, which
// tasks could use. While it does not pay, one piece in 32 is compressed all the same, to see
// whether that has changed. Not thread-safe.
class CompressionGain {
 public:
  // Asked once for each piece.
  bool ShouldTry();
  void OnCompressed(std::size_t piece_bytes, std::size_t compressed_bytes, double seconds);
  // From the start of the write to its end. Small pieces lie in buffers and tell nothing.
  void OnSent(std::size_t bytes, double seconds);

 private:
  bool Pays() const;

  std::uint64_t asked_ = 0;
  // For each byte, moving averages; negative while unknown.
  double compress_seconds_ = -1;
  double send_seconds_ = -1;
  double ratio_ = 1;
};

}  // namespace gristmill::worker
