#include "storage/byte_stream.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status.h"

namespace gristmill {
namespace {

constexpr std::size_t kInputBufferBytes = 256 << 10;

class PlainStream final : public ByteStream {
 public:
  PlainStream(File file, std::uint64_t offset) : file_(std::move(file)), offset_(offset) {}

  absl::StatusOr<std::size_t> Read(char* out, std::size_t bytes) override {
    GM_ASSIGN_OR_RETURN(const std::size_t got, file_.ReadAt(offset_, out, bytes));
    offset_ += got;
    return got;
  }

 private:
  File file_;
  std::uint64_t offset_;
};

// The compressed side of a stream: a window over the file that moves forward.
class CompressedInput {
 public:
  explicit CompressedInput(File file) : file_(std::move(file)), buffer_(kInputBufferBytes) {}

  // Loads more if all was consumed. False at the end of the file.
  absl::StatusOr<bool> Fill() {
    if (begin_ < end_) return true;
    GM_ASSIGN_OR_RETURN(end_, file_.ReadAt(offset_, buffer_.data(), buffer_.size()));
    begin_ = 0;
    offset_ += end_;
    return end_ > 0;
  }
  const char* data() const { return buffer_.data() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  void Consume(std::size_t bytes) { begin_ += bytes; }
  const std::string& path() const { return file_.path(); }

 private:
  File file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t offset_ = 0;
};

absl::Status CutOff(const CompressedInput& input) {
  return DataLoss("'{}' ends in the middle of its compressed data; copy it again", input.path());
}

class GzipStream final : public ByteStream {
 public:
  explicit GzipStream(File file) : input_(std::move(file)) {}
  ~GzipStream() override {
    if (initialised_) ::inflateEnd(&zlib_);
  }

  absl::Status Init() {
    constexpr int kGzipWindowBits = 15 + 16;
    if (::inflateInit2(&zlib_, kGzipWindowBits) != Z_OK) {
      return ResourceExhausted("can't start decompressing '{}': out of memory", input_.path());
    }
    initialised_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<std::size_t> Read(char* out, std::size_t bytes) override {
    bytes = std::min<std::size_t>(bytes, 1u << 30);
    while (true) {
      GM_ASSIGN_OR_RETURN(const bool more, input_.Fill());
      if (!more && in_member_) return CutOff(input_);
      if (!more) return std::size_t{0};
      if (!in_member_ && SkipPadding()) continue;
      GM_ASSIGN_OR_RETURN(const std::size_t made, Inflate(out, bytes));
      if (made > 0) return made;
    }
  }

 private:
  // Tapes and block devices fill up with zeros after the last member. True if all was padding.
  bool SkipPadding() {
    if (!had_member_) return false;
    while (input_.size() > 0 && *input_.data() == '\0') input_.Consume(1);
    return input_.size() == 0;
  }

  absl::StatusOr<std::size_t> Inflate(char* out, std::size_t bytes) {
    in_member_ = true;
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    zlib_.avail_in = static_cast<uInt>(input_.size());
    zlib_.next_out = reinterpret_cast<Bytef*>(out);
    zlib_.avail_out = static_cast<uInt>(bytes);
    const int result = ::inflate(&zlib_, Z_NO_FLUSH);
    input_.Consume(input_.size() - zlib_.avail_in);
    if (result == Z_STREAM_END) {
      ::inflateReset(&zlib_);
      in_member_ = false;
      had_member_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return DataLoss("'{}' is damaged gzip data ({}); copy it again", input_.path(),
                      zlib_.msg != nullptr ? zlib_.msg : "no detail");
    }
    return bytes - zlib_.avail_out;
  }

  CompressedInput input_;
  z_stream zlib_{};
  bool initialised_ = false;
  bool in_member_ = false, had_member_ = false;
};

class ZstdStream final : public ByteStream {
 public:
  explicit ZstdStream(File file) : input_(std::move(file)), zstd_(::ZSTD_createDStream()) {
    GM_CHECK(zstd_ != nullptr);
  }
  ~ZstdStream() override { ::ZSTD_freeDStream(zstd_); }

  absl::StatusOr<std::size_t> Read(char* out, std::size_t bytes) override {
    ZSTD_outBuffer made{out, bytes, 0};
    while (made.pos == 0) {
      GM_ASSIGN_OR_RETURN(const bool more, input_.Fill());
      // Without new input, zstd may still hold decompressed bytes of the open frame.
      if (!more && !in_frame_) return std::size_t{0};
      ZSTD_inBuffer source{input_.data(), input_.size(), 0};
      const std::size_t result = ::ZSTD_decompressStream(zstd_, &made, &source);
      if (::ZSTD_isError(result)) {
        return DataLoss(
            "'{}' can't be decompressed as zstd ({}); copy it again, or compress it "
            "with a window of at most 128 MiB",
            input_.path(), ::ZSTD_getErrorName(result));
      }
      input_.Consume(source.pos);
      in_frame_ = result != 0;
      if (!more && in_frame_ && made.pos == 0) return CutOff(input_);
    }
    return made.pos;
  }

 private:
  CompressedInput input_;
  ZSTD_DStream* zstd_;
  bool in_frame_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> MakeByteStream(File file, v1::Compression compression,
                                                           std::uint64_t offset) {
  if (compression == v1::COMPRESSION_NONE) {
    return std::make_unique<PlainStream>(std::move(file), offset);
  }
  GM_CHECK(offset == 0);
  if (compression == v1::COMPRESSION_ZSTD) return std::make_unique<ZstdStream>(std::move(file));
  auto gzip = std::make_unique<GzipStream>(std::move(file));
  GM_RETURN_IF_ERROR(gzip->Init());
  return gzip;
}

}  // namespace gristmill
