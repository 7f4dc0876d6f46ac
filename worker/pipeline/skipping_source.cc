#include "worker/pipeline/skipping_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace gristmill::worker {
namespace {

class SkippingSource final : public InputSource {
 public:
  SkippingSource(std::unique_ptr<InputSource> source, const SourceOptions& options,
                 std::string path, std::vector<std::uint64_t> offsets)
      : source_(std::move(source)),
        format_(options.format),
        record_bytes_(options.record_bytes),
        path_(std::move(path)),
        offsets_(std::move(offsets)) {}

  bool NextBlock(InputBlock* block) override {
    while (true) {
      if (!has_rest_ && !source_->NextBlock(&rest_)) return false;
      has_rest_ = true;
      const auto next = std::lower_bound(offsets_.begin(), offsets_.end(), rest_.offset);
      const bool is_here = next != offsets_.end() && IsIn(rest_, *next);
      const std::size_t kept =
          is_here ? static_cast<std::size_t>(*next - rest_.offset) : rest_.bytes.size();
      *block = rest_;
      block->bytes = rest_.bytes.substr(0, kept);
      Drop(kept);
      if (!is_here) {
        has_rest_ = false;
        return true;
      }
      if (kept > 0 && !EndsRecord(block->bytes)) ThrowNoRecord(*next);
      Drop(RecordBytes());
      has_rest_ = !rest_.bytes.empty();
      if (kept > 0) return true;
    }
  }

 private:
  // A whole file is there even if it is empty.
  bool IsIn(const InputBlock& block, std::uint64_t offset) const {
    return format_ == v1::INPUT_FORMAT_WHOLE_FILES ? offset == block.offset
                                                   : offset - block.offset < block.bytes.size();
  }

  // Whether these bytes of a block, from its beginning, are whole records.
  bool EndsRecord(std::string_view bytes) const {
    if (format_ == v1::INPUT_FORMAT_TEXT_LINES) return bytes.ends_with('\n');
    return format_ == v1::INPUT_FORMAT_FIXED_RECORDS && bytes.size() % record_bytes_ == 0;
  }

  // Of the first record of the rest, with its line end.
  std::size_t RecordBytes() const {
    const std::string_view rest = rest_.bytes;
    if (format_ == v1::INPUT_FORMAT_FIXED_RECORDS) return std::min(record_bytes_, rest.size());
    if (format_ == v1::INPUT_FORMAT_WHOLE_FILES) return rest.size();
    return std::min(rest.find('\n'), rest.size() - 1) + 1;
  }

  void Drop(std::size_t bytes) {
    rest_.bytes.remove_prefix(bytes);
    rest_.offset += bytes;
  }

  [[noreturn]] void ThrowNoRecord(std::uint64_t offset) const {
    throw TaskError(fmt::format(
        "the record at {} offset {} is to be skipped, but none begins there; submit the job again",
        path_, offset));
  }

  const std::unique_ptr<InputSource> source_;
  const v1::InputFormat format_;
  const std::size_t record_bytes_;
  const std::string path_;
  const std::vector<std::uint64_t> offsets_;
  InputBlock rest_;  // of the source's block
  bool has_rest_ = false;
};

}  // namespace

std::unique_ptr<InputSource> SkipRecords(std::unique_ptr<InputSource> source,
                                         const SourceOptions& options, std::string path,
                                         std::vector<std::uint64_t> offsets) {
  return std::make_unique<SkippingSource>(std::move(source), options, std::move(path),
                                          std::move(offsets));
}

}  // namespace gristmill::worker
