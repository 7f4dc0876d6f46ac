#include "storage/split_planner.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/status.h"

namespace gristmill {
namespace {

constexpr std::uint32_t kSampledSplitsMax = 32;

std::uint64_t DivideRoundingUp(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0); }

// Where part `index` of `parts` nearly equal parts of `total` begins: sizes differ by at most one.
std::uint64_t PartBegin(std::uint64_t total, std::uint64_t parts, std::uint64_t index) {
  return total / parts * index + std::min(total % parts, index);
}

std::uint32_t Clamp32(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t RangeLength(const v1::JobPlan& plan) {
  if (plan.range_end() <= plan.range_begin()) return 0;
  return static_cast<std::uint64_t>(plan.range_end()) -
         static_cast<std::uint64_t>(plan.range_begin());
}

// What a file is cut into: bytes, or records of fixed length.
struct Units {
  std::uint64_t count = 0;
  std::uint64_t bytes_each = 1;
};

Units UnitsOf(const v1::JobPlan& plan, const v1::InputFile& file) {
  if (plan.input_format() != v1::INPUT_FORMAT_FIXED_RECORDS) return {file.bytes(), 1};
  const std::uint64_t record_bytes = std::max<std::uint64_t>(plan.record_bytes(), 1);
  return {DivideRoundingUp(file.bytes(), record_bytes), record_bytes};
}

std::uint64_t CountFileSplits(const v1::JobPlan& plan, const v1::InputFile& file) {
  if (file.compression() != v1::COMPRESSION_NONE ||
      plan.input_format() == v1::INPUT_FORMAT_WHOLE_FILES) {
    return 1;
  }
  const Units units = UnitsOf(plan, file);
  const std::uint64_t split_bytes = std::max<std::uint64_t>(plan.request().split_bytes(), 1);
  return DivideRoundingUp(units.count, std::max<std::uint64_t>(split_bytes / units.bytes_each, 1));
}

bool IsRange(const v1::JobPlan& plan) {
  return plan.input_format() == v1::INPUT_FORMAT_INTEGER_RANGE;
}

std::uint32_t CountRangeSplits(const v1::JobPlan& plan) {
  const std::uint64_t wanted = std::max<std::uint64_t>(plan.request().splits(), 1);
  return Clamp32(std::min(wanted, RangeLength(plan)));
}

}  // namespace

std::uint32_t CountSplits(const v1::JobPlan& plan) {
  if (IsRange(plan)) return CountRangeSplits(plan);
  std::uint64_t total = 0;
  for (const v1::InputFile& file : plan.files()) {
    total = Clamp32(total + CountFileSplits(plan, file));
  }
  return Clamp32(total);
}

SplitTable::SplitTable(const v1::JobPlan& plan) {
  plan_.set_input_format(plan.input_format());
  plan_.set_record_bytes(plan.record_bytes());
  plan_.set_range_begin(plan.range_begin());
  plan_.set_range_end(plan.range_end());
  plan_.mutable_request()->set_split_bytes(plan.request().split_bytes());
  plan_.mutable_request()->set_splits(plan.request().splits());
  if (IsRange(plan)) {
    first_split_ = {CountRangeSplits(plan)};
    return;
  }
  *plan_.mutable_files() = plan.files();
  first_split_.reserve(static_cast<std::size_t>(plan.files_size()) + 1);
  std::uint64_t total = 0;
  for (const v1::InputFile& file : plan.files()) {
    first_split_.push_back(Clamp32(total));
    total = Clamp32(total + CountFileSplits(plan, file));
  }
  first_split_.push_back(Clamp32(total));
}

std::uint32_t SplitTable::size() const { return first_split_.back(); }

v1::Split SplitTable::Get(std::uint32_t index) const {
  GM_CHECK(index < size());
  v1::Split split;
  if (IsRange(plan_)) {
    // Unsigned, since a range may be longer than the greatest signed integer.
    const std::uint64_t length = RangeLength(plan_);
    const auto begin = static_cast<std::uint64_t>(plan_.range_begin());
    split.set_range_begin(static_cast<std::int64_t>(begin + PartBegin(length, size(), index)));
    split.set_range_end(static_cast<std::int64_t>(begin + PartBegin(length, size(), index + 1)));
    return split;
  }
  const auto after = std::upper_bound(first_split_.begin(), first_split_.end(), index);
  const auto file_index = static_cast<std::size_t>(after - first_split_.begin()) - 1;
  const v1::InputFile& file = plan_.files(static_cast<int>(file_index));
  const std::uint32_t parts = first_split_[file_index + 1] - first_split_[file_index];
  const std::uint32_t part = index - first_split_[file_index];
  const Units units = UnitsOf(plan_, file);
  const std::uint64_t begin = PartBegin(units.count, parts, part) * units.bytes_each;
  const std::uint64_t end = PartBegin(units.count, parts, part + 1) * units.bytes_each;
  split.set_path(file.path());
  split.set_offset(begin);
  split.set_length(std::min(end, file.bytes()) - begin);
  split.set_compression(file.compression());
  split.set_file_bytes(file.bytes());
  return split;
}

std::uint32_t CountSampledSplits(std::uint32_t splits) {
  return std::min(splits, kSampledSplitsMax);
}

std::uint32_t SampledSplit(std::uint32_t sample_task, std::uint32_t splits) {
  return static_cast<std::uint32_t>(std::uint64_t{sample_task} * splits /
                                    std::max<std::uint32_t>(CountSampledSplits(splits), 1));
}

std::string DescribeSplit(const v1::Split& split) {
  if (split.path().empty()) return fmt::format("[{}, {})", split.range_begin(), split.range_end());
  return fmt::format("{}:{}+{}", split.path(), split.offset(), split.length());
}

}  // namespace gristmill
