#include "storage/byte_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "base/status.h"
#include "storage/test_directory.h"

namespace gristmill {
namespace {

using ::testing::HasSubstr;

std::string Gzip(const std::string& text) {
  z_stream zlib{};
  EXPECT_EQ(::deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&zlib, text.size()) + 64, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&zlib, Z_FINISH), Z_STREAM_END);
  out.resize(zlib.total_out);
  ::deflateEnd(&zlib);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Everything that can be read, in pieces of `step` bytes; or the error's sentence.
std::string ReadAll(const std::string& path, v1::Compression compression, std::size_t step) {
  auto file = File::OpenForReading(path);
  EXPECT_TRUE(file.ok());
  auto stream = MakeByteStream(*std::move(file), compression, 0);
  EXPECT_TRUE(stream.ok());
  std::string all, piece(step, '\0');
  while (true) {
    const auto got = (*stream)->Read(piece.data(), step);
    if (!got.ok()) return Message(got.status());
    if (*got == 0) return all;
    all.append(piece, 0, *got);
  }
}

std::string LongText() {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

struct Case {
  v1::Compression compression;
  std::string (*compress)(const std::string&);
};
const Case kCases[] = {{v1::COMPRESSION_GZIP, Gzip}, {v1::COMPRESSION_ZSTD, Zstd}};

TEST(ByteStream, ReadsCompressedFilesWhateverTheStep) {
  const TestDirectory dir;
  const std::string text = LongText();
  for (const auto& [compression, compress] : kCases) {
    const std::string path = dir.Write("file", compress(text));
    for (const std::size_t step : {1000u, 65536u, 10000000u}) {
      EXPECT_TRUE(ReadAll(path, compression, step) == text);
    }
  }
}

TEST(ByteStream, ReadsSeveralMembersAndFramesAsOneText) {
  const TestDirectory dir;
  for (const auto& [compression, compress] : kCases) {
    const std::string path =
        dir.Write("file", compress("one\n") + compress("") + compress("two\n") + compress("three"));
    EXPECT_EQ(ReadAll(path, compression, 3), "one\ntwo\nthree");
  }
}

TEST(ByteStream, ZerosAfterTheLastGzipMemberArePadding) {
  const TestDirectory dir;
  EXPECT_EQ(
      ReadAll(dir.Write("file", Gzip("text") + std::string(512, '\0')), v1::COMPRESSION_GZIP, 100),
      "text");
}

TEST(ByteStream, ACutOffFileIsAnErrorAtEveryLength) {
  const TestDirectory dir;
  for (const auto& [compression, compress] : kCases) {
    const std::string whole = compress("some text that is worth keeping");
    for (std::size_t bytes = 1; bytes < whole.size(); ++bytes) {
      EXPECT_THAT(ReadAll(dir.Write("file", whole.substr(0, bytes)), compression, 100),
                  HasSubstr("copy it again"))
          << bytes;
    }
  }
}

TEST(ByteStream, GarbageAfterAMemberIsAnError) {
  const TestDirectory dir;
  for (const auto& [compression, compress] : kCases) {
    EXPECT_THAT(ReadAll(dir.Write("file", compress("text") + "garbage"), compression, 100),
                HasSubstr("copy it again"));
  }
}

}  // namespace
}  // namespace gristmill
