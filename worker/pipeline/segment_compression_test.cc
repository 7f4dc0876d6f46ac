#include "worker/pipeline/segment_compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/status.h"
#include "worker/pipeline/segment_transfer.h"

namespace gristmill::worker {
namespace {

std::string Words(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += "word" + std::to_string(i % 977) + " ";
  text.resize(bytes);
  return text;
}

TEST(SegmentCompression, APieceOfAnySizeComesOutAsItWentIn) {
  for (const std::size_t bytes : {100u, 4'096u, 65'535u, 1u << 20}) {
    const std::string piece = Words(bytes);
    std::string compressed, buffer;
    ASSERT_TRUE(CompressPiece(piece, &compressed)) << bytes;
    EXPECT_LT(compressed.size(), piece.size() / 8 * 7);
    const auto back = DecompressPiece(compressed, static_cast<std::uint32_t>(bytes), &buffer);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, piece);
  }
}

TEST(SegmentCompression, WhatDoesNotGetClearlySmallerIsLeftAsItIs) {
  std::mt19937 random(1);
  std::string noise(100'000, 'x'), compressed;
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_FALSE(CompressPiece(noise, &compressed));
  EXPECT_FALSE(CompressPiece("", &compressed));
  EXPECT_FALSE(CompressPiece("abc", &compressed));
}

TEST(SegmentCompression, ADamagedPieceIsDataLossAndALargeOneTakesNoMemory) {
  const std::string piece = Words(10'000);
  std::string compressed, buffer;
  ASSERT_TRUE(CompressPiece(piece, &compressed));
  const std::string_view cut = std::string_view(compressed).substr(0, compressed.size() / 2);
  EXPECT_TRUE(absl::IsDataLoss(DecompressPiece(cut, 10'000, &buffer).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecompressPiece(compressed, 9'999, &buffer).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecompressPiece(compressed, 10'001, &buffer).status()));
  std::string untouched;
  EXPECT_TRUE(absl::IsDataLoss(
      DecompressPiece(compressed, kSegmentPieceBytesMax + 1, &untouched).status()));
  EXPECT_LT(untouched.capacity(), 100u);
}

constexpr std::size_t kPiece = 1 << 20;
// How many of the next 320 pieces are compressed.
int Compressed(CompressionGain* gain, double ratio, double compress_bytes_per_second,
               double link_bytes_per_second) {
  int compressed = 0;
  for (int i = 0; i < 320; ++i) {
    double wire_bytes = kPiece;
    if (gain->ShouldTry()) {
      ++compressed;
      wire_bytes *= ratio;
      gain->OnCompressed(kPiece, static_cast<std::size_t>(wire_bytes),
                         kPiece / compress_bytes_per_second);
    }
    gain->OnSent(static_cast<std::size_t>(wire_bytes), wire_bytes / link_bytes_per_second);
  }
  return compressed;
}

TEST(CompressionGain, PaysOnALinkThatIsSlowerThanTheCompressor) {
  CompressionGain gain;
  EXPECT_GE(Compressed(&gain, 0.5, 600e6, 110e6), 319);
}

TEST(CompressionGain, OnAFastLinkOnePieceIn32IsTried) {
  CompressionGain gain;
  EXPECT_LE(Compressed(&gain, 0.5, 600e6, 1e9), 11);
}

TEST(CompressionGain, WhatDoesNotGetSmallerIsTriedOnceIn32) {
  CompressionGain gain;
  EXPECT_LE(Compressed(&gain, 1, 600e6, 50e6), 11);
}

TEST(CompressionGain, NoticesThatTheLinkHasBecomeSlow) {
  CompressionGain gain;
  Compressed(&gain, 0.5, 600e6, 2e9);
  EXPECT_GE(Compressed(&gain, 0.5, 600e6, 50e6), 310);
  EXPECT_LE(Compressed(&gain, 0.5, 600e6, 2e9), 30);
}

TEST(CompressionGain, SmallPiecesTellNothing) {
  CompressionGain gain;
  gain.ShouldTry();
  for (int i = 0; i < 100; ++i) {
    gain.OnCompressed(1'000, 100, 1e-9);
    gain.OnSent(1'000, 1);
  }
  EXPECT_FALSE(gain.ShouldTry());
}

}  // namespace
}  // namespace gristmill::worker
