#include "worker/pipeline/block_source.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/units.h"
#include "worker/pipeline/input_reader.h"
#include "worker/pipeline/read_buffer.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

constexpr std::uint64_t kRecordBytesMax = 256 << 20;
constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();
// How much is read at once beyond the split's end, where its last line ends.
constexpr std::size_t kOverrunBytes = 64 << 10;
// Of a split that may be cut: it comes in so many blocks at least, if they are not too small then.
constexpr std::uint64_t kCutBlocks = 16;
constexpr std::uint64_t kCutBlockBytesMin = 1 << 10;
constexpr std::uint64_t kCutRanges = 8;  // of a range: the job may do some work for each

[[noreturn]] void ThrowTooLong(std::string_view what, const std::string& path, std::uint64_t offset,
                               std::uint64_t bytes_max) {
  throw TaskError(fmt::format(
      "the {} at {}:{} is longer than {}; {}", what, path, offset, FormatBytes(bytes_max),
      bytes_max < kRecordBytesMax ? "raise --memory, lower --threads or cut it into shorter records"
                                  : "cut it into shorter records"));
}

// Let Boundary(x) be 0 for x = 0, else one past the first LF at x - 1 or later, or the end of the
// file. The lines that start in [offset, end) are the bytes in [Boundary(offset), Boundary(end)).
class LineSource final : public InputSource {
 public:
  LineSource(const v1::Split& split, const SourceOptions& options,
             const std::atomic<bool>& cancelled)
      : reader_(split, split.offset() == 0 ? 0 : split.offset() - 1, cancelled),
        options_(options),
        split_begin_(split.offset()),
        end_(split.compression() == v1::COMPRESSION_NONE ? split.offset() + split.length()
                                                         : kNoEnd),
        skip_first_(split.offset() > 0) {}

  bool NextBlock(InputBlock* block) override {
    if (skip_first_) SkipFirst();
    LookForCut();
    while (!done_) {
      const std::size_t ready = CompleteBytes();
      if (ready > 0) return Emit(ready, block);
      if (!done_) ReadMore();
    }
    return false;
  }

 private:
  // What was read ahead of a new end stays in the buffer and is not handed out.
  void LookForCut() {
    if (options_.cut == nullptr || done_) return;
    end_ = split_begin_ + options_.cut->Look(begin_offset() - split_begin_, end_ - split_begin_,
                                             options_.block_bytes);
  }

  std::uint64_t begin_offset() const { return reader_.position() - (filled_ - begin_); }
  std::string_view unread() { return {buffer_.data() + begin_, filled_ - begin_}; }

  // Drops what belongs to the split before. The line may be of any length: nothing is kept of it.
  void SkipFirst() {
    skip_first_ = false;
    while (begin_offset() < end_) {
      if (begin_ == filled_) ReadMore();
      const std::size_t lf = unread().find('\n');
      begin_ = lf == std::string_view::npos ? filled_ : begin_ + lf + 1;
      if (lf != std::string_view::npos) break;
      if (at_file_end_) break;
    }
    scanned_ = begin_;
    if (begin_offset() >= end_) done_ = true;
  }

  // Bytes from begin_ on that are whole lines of this split; 0 if more must be read first.
  std::size_t CompleteBytes() {
    const std::string_view bytes = unread();
    if (reader_.position() >= end_) {
      // The last line is the one that holds the byte before end_.
      const std::uint64_t last = std::max(end_ - 1, begin_offset());
      const std::size_t lf = bytes.find('\n', static_cast<std::size_t>(last - begin_offset()));
      if (lf != std::string_view::npos) {
        done_ = true;
        return lf + 1;
      }
    }
    if (at_file_end_) {
      done_ = true;
      return bytes.size();
    }
    // Only what came since the last look can hold a line end.
    const auto fresh = bytes.substr(scanned_ - begin_);
    scanned_ = filled_;
    const std::size_t lf = fresh.rfind('\n');
    return lf == std::string_view::npos ? 0 : bytes.size() - fresh.size() + lf + 1;
  }

  bool Emit(std::size_t bytes, InputBlock* block) {
    block->offset = begin_offset();
    block->bytes = unread().substr(0, bytes);
    begin_ += bytes;
    return true;
  }

  void ReadMore() {
    const std::size_t kept = filled_ - begin_;
    if (kept > options_.record_bytes_max) {
      ThrowTooLong("line", reader_.path(), begin_offset(), options_.record_bytes_max);
    }
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, kept);
      scanned_ -= begin_;
      begin_ = 0;
      filled_ = kept;
    }
    const std::size_t want = ReadSize(kept);
    buffer_.Reserve(kept + want);
    const std::size_t got = reader_.Read(buffer_.data() + filled_, want);
    at_file_end_ = got < want;
    filled_ += got;
  }

  // A block's worth; as much again as there is of a long line; not far beyond the split's end.
  std::size_t ReadSize(std::size_t kept) const {
    const std::size_t fill =
        kept < options_.block_bytes ? options_.block_bytes - kept : options_.block_bytes;
    const std::uint64_t size = std::min<std::uint64_t>(
        std::max({fill, options_.block_bytes / 4, kept}), options_.record_bytes_max + 1 - kept);
    const std::uint64_t left = end_ - std::min(end_, reader_.position());
    return static_cast<std::size_t>(std::min<std::uint64_t>(
        size, left > 0 ? left : std::max<std::uint64_t>(kOverrunBytes, kept)));
  }

  InputReader reader_;
  const SourceOptions options_;
  const std::uint64_t split_begin_;
  std::uint64_t end_;
  bool skip_first_;
  bool at_file_end_ = false;
  bool done_ = false;
  ReadBuffer buffer_;
  std::size_t begin_ = 0;    // of what was not handed out yet
  std::size_t scanned_ = 0;  // no line ends in [begin_, scanned_)
  std::size_t filled_ = 0;
};

class FixedRecordSource final : public InputSource {
 public:
  FixedRecordSource(const v1::Split& split, const SourceOptions& options,
                    const std::atomic<bool>& cancelled)
      : reader_(split, split.offset(), cancelled),
        record_bytes_(options.record_bytes),
        block_bytes_(std::max<std::size_t>(options.block_bytes / record_bytes_, 1) * record_bytes_),
        cut_(options.cut),
        split_begin_(split.offset()),
        left_bytes_(split.compression() == v1::COMPRESSION_NONE ? split.length() : kNoEnd) {
    if (split.compression() == v1::COMPRESSION_NONE) CheckMultiple(split.file_bytes());
  }

  bool NextBlock(InputBlock* block) override {
    if (cut_ != nullptr && left_bytes_ > 0) {
      const std::uint64_t done = reader_.position() - split_begin_;
      left_bytes_ = cut_->Look(done, done + left_bytes_, block_bytes_, record_bytes_) - done;
    }
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes_, left_bytes_));
    if (want == 0) return false;
    buffer_.Reserve(want);
    block->offset = reader_.position();
    const std::size_t got = reader_.Read(buffer_.data(), want);
    CheckMultiple(reader_.position());
    left_bytes_ = got < want ? 0 : left_bytes_ - got;
    block->bytes = {buffer_.data(), got};
    return got > 0;
  }

 private:
  void CheckMultiple(std::uint64_t bytes) const {
    if (bytes % record_bytes_ == 0) return;
    throw TaskError(fmt::format("'{}' has {} bytes, which is no multiple of the record length {}",
                                reader_.path(), bytes, record_bytes_));
  }

  InputReader reader_;
  const std::size_t record_bytes_;
  const std::size_t block_bytes_;
  SplitCut* const cut_;
  const std::uint64_t split_begin_;
  std::uint64_t left_bytes_;
  ReadBuffer buffer_;
};

class WholeFileSource final : public InputSource {
 public:
  WholeFileSource(const v1::Split& split, const SourceOptions& options,
                  const std::atomic<bool>& cancelled)
      : reader_(split, 0, cancelled), options_(options), expected_bytes_(split.file_bytes()) {}

  bool NextBlock(InputBlock* block) override {
    if (done_) return false;
    done_ = true;
    // A compressed file's size shows only as it is read.
    std::size_t want = std::max<std::size_t>(expected_bytes_, kOverrunBytes) + 1;
    std::size_t filled = 0;
    for (bool more = true; more; want = filled) {
      if (filled > options_.record_bytes_max || expected_bytes_ > options_.record_bytes_max) {
        ThrowTooLong("file", reader_.path(), 0, options_.record_bytes_max);
      }
      want = std::min<std::size_t>(want, options_.record_bytes_max + 1 - filled);
      buffer_.Reserve(filled + want);
      const std::size_t got = reader_.Read(buffer_.data() + filled, want);
      more = got == want;
      filled += got;
    }
    block->offset = 0;
    block->bytes = {buffer_.data(), filled};
    return true;
  }

 private:
  InputReader reader_;
  const SourceOptions options_;
  const std::uint64_t expected_bytes_;
  bool done_ = false;
  ReadBuffer buffer_;
};

class RangeSource final : public InputSource {
 public:
  // Unsigned, since a range may be longer than the greatest signed integer.
  RangeSource(IntegerRange range, SplitCut* cut, const std::atomic<bool>& cancelled)
      : begin_(static_cast<std::uint64_t>(range.begin)),
        length_(range.begin < range.end ? static_cast<std::uint64_t>(range.end) - begin_ : 0),
        block_length_(cut == nullptr ? length_
                                     : length_ / kCutRanges + (length_ % kCutRanges != 0 ? 1 : 0)),
        cut_(cut),
        cancelled_(cancelled) {}

  bool NextBlock(InputBlock* block) override {
    ThrowIfCancelled(cancelled_);
    if (done_ >= length_) return false;
    if (cut_ != nullptr) length_ = cut_->Look(done_, length_, block_length_);
    const std::uint64_t end = done_ + std::min(block_length_, length_ - done_);
    block->bytes = {};
    block->offset = 0;
    block->range = {static_cast<std::int64_t>(begin_ + done_),
                    static_cast<std::int64_t>(begin_ + end)};
    done_ = end;
    return true;
  }

 private:
  const std::uint64_t begin_;
  std::uint64_t length_;
  const std::uint64_t block_length_;
  SplitCut* const cut_;
  const std::atomic<bool>& cancelled_;
  std::uint64_t done_ = 0;
};

}  // namespace

std::uint64_t RecordBytesMax(std::uint64_t task_memory_bytes) {
  return std::min(kRecordBytesMax, task_memory_bytes / 2);
}

namespace {

// Compressed files can't be entered in the middle.
SourceOptions OptionsFor(const v1::Split& split, SourceOptions options) {
  if (split.compression() != v1::COMPRESSION_NONE) options.cut = nullptr;
  if (options.cut == nullptr) return options;
  options.block_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(
      options.block_bytes, std::max(kCutBlockBytesMin, split.length() / kCutBlocks)));
  return options;
}

}  // namespace

std::unique_ptr<InputSource> MakeBlockSource(const v1::Split& split,
                                             const SourceOptions& general_options,
                                             const std::atomic<bool>& cancelled) {
  const SourceOptions options = OptionsFor(split, general_options);
  switch (options.format) {
    case v1::INPUT_FORMAT_TEXT_LINES:
      return std::make_unique<LineSource>(split, options, cancelled);
    case v1::INPUT_FORMAT_FIXED_RECORDS:
      if (options.record_bytes == 0 || options.record_bytes > options.record_bytes_max) {
        throw TaskError(fmt::format("records of {} bytes don't fit a task that takes up to {}",
                                    options.record_bytes, FormatBytes(options.record_bytes_max)));
      }
      return std::make_unique<FixedRecordSource>(split, options, cancelled);
    case v1::INPUT_FORMAT_WHOLE_FILES:
      return std::make_unique<WholeFileSource>(split, options, cancelled);
    case v1::INPUT_FORMAT_INTEGER_RANGE:
      return std::make_unique<RangeSource>(IntegerRange{split.range_begin(), split.range_end()},
                                           options.cut, cancelled);
    default:
      throw TaskError("the job's plan has no input format; submit the job again");
  }
}

}  // namespace gristmill::worker
