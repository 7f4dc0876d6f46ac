// Keeps count of what a task reads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "gristmill/records.h"
#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::worker {

// Passes blocks on and keeps count: of bytes for the report, of records as progress.
class CountingSource final : public InputSource {
 public:
  CountingSource(std::unique_ptr<InputSource> source, const v1::InputPlan& input,
                 std::atomic<std::uint64_t>* records)
      : source_(std::move(source)),
        format_(input.format()),
        record_bytes_(std::max<std::uint32_t>(input.record_bytes(), 1)),
        records_(records) {}

  bool NextBlock(InputBlock* block) override {
    // The block before is done now.
    records_->fetch_add(std::exchange(block_records_, 0), std::memory_order_relaxed);
    if (!source_->NextBlock(block)) return false;
    bytes_ += block->bytes.size();
    block_records_ = block->records = CountRecords(block->bytes);
    return true;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t CountRecords(std::string_view bytes) const {
    if (format_ == v1::INPUT_FORMAT_FIXED_RECORDS) return bytes.size() / record_bytes_;
    if (format_ != v1::INPUT_FORMAT_TEXT_LINES) return 1;
    return internal::CountLines(bytes);
  }

  const std::unique_ptr<InputSource> source_;
  const v1::InputFormat format_;
  const std::uint64_t record_bytes_;
  std::atomic<std::uint64_t>* const records_;
  std::uint64_t block_records_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace gristmill::worker
