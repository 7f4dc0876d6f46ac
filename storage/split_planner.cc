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

std::uint64_t RangeLength(const v1::InputPlan& input) {
  if (input.range_end() <= input.range_begin()) return 0;
  return static_cast<std::uint64_t>(input.range_end()) -
         static_cast<std::uint64_t>(input.range_begin());
}

// What a file is cut into: bytes, or records of fixed length.
struct Units {
  std::uint64_t count = 0;
  std::uint64_t bytes_each = 1;
};

Units UnitsOf(const v1::InputPlan& input, const v1::InputFile& file) {
  if (input.format() != v1::INPUT_FORMAT_FIXED_RECORDS) return {file.bytes(), 1};
  const std::uint64_t record_bytes = std::max<std::uint64_t>(input.record_bytes(), 1);
  return {DivideRoundingUp(file.bytes(), record_bytes), record_bytes};
}

std::uint64_t CountFileSplits(const v1::JobRequest& request, const v1::InputPlan& input,
                              const v1::InputFile& file) {
  if (file.compression() != v1::COMPRESSION_NONE ||
      input.format() == v1::INPUT_FORMAT_WHOLE_FILES) {
    return 1;
  }
  const Units units = UnitsOf(input, file);
  const std::uint64_t split_bytes = std::max<std::uint64_t>(request.split_bytes(), 1);
  return DivideRoundingUp(units.count, std::max<std::uint64_t>(split_bytes / units.bytes_each, 1));
}

bool IsRange(const v1::InputPlan& input) {
  return input.format() == v1::INPUT_FORMAT_INTEGER_RANGE;
}

std::uint32_t CountRangeSplits(const v1::JobRequest& request, const v1::InputPlan& input) {
  const std::uint64_t wanted = std::max<std::uint64_t>(request.splits(), 1);
  return Clamp32(std::min(wanted, RangeLength(input)));
}

// By file the first of its splits, and the total at the end.
std::vector<std::uint32_t> FirstSplits(const v1::JobRequest& request, const v1::InputPlan& input) {
  if (IsRange(input)) return {CountRangeSplits(request, input)};
  std::vector<std::uint32_t> first_split;
  first_split.reserve(static_cast<std::size_t>(input.files_size()) + 1);
  std::uint64_t total = 0;
  for (const v1::InputFile& file : input.files()) {
    first_split.push_back(Clamp32(total));
    total = Clamp32(total + CountFileSplits(request, input, file));
  }
  first_split.push_back(Clamp32(total));
  return first_split;
}

// Unsigned, since a range may be longer than the greatest signed integer.
v1::Split RangeSplit(const v1::InputPlan& input, std::uint32_t splits, std::uint32_t index) {
  v1::Split split;
  const std::uint64_t length = RangeLength(input);
  const auto begin = static_cast<std::uint64_t>(input.range_begin());
  split.set_range_begin(static_cast<std::int64_t>(begin + PartBegin(length, splits, index)));
  split.set_range_end(static_cast<std::int64_t>(begin + PartBegin(length, splits, index + 1)));
  return split;
}

}  // namespace

std::uint32_t CountSplits(const v1::JobPlan& plan, std::uint32_t input) {
  return FirstSplits(plan.request(), plan.inputs(static_cast<int>(input))).back();
}

SplitTable::SplitTable(const v1::JobPlan& plan) {
  *plan_.mutable_inputs() = plan.inputs();
  for (const v1::InputPlan& input : plan.inputs()) {
    first_splits_.push_back(FirstSplits(plan.request(), input));
  }
}

std::uint32_t SplitTable::size(std::uint32_t input) const { return first_splits_[input].back(); }

v1::Split SplitTable::Get(std::uint32_t index, std::uint32_t input_index) const {
  GM_CHECK(input_index < first_splits_.size() && index < size(input_index));
  const v1::InputPlan& input = plan_.inputs(static_cast<int>(input_index));
  if (IsRange(input)) return RangeSplit(input, size(input_index), index);
  const std::vector<std::uint32_t>& first_split = first_splits_[input_index];
  const auto after = std::upper_bound(first_split.begin(), first_split.end(), index);
  const auto file_index = static_cast<std::size_t>(after - first_split.begin()) - 1;
  const v1::InputFile& file = input.files(static_cast<int>(file_index));
  const std::uint32_t parts = first_split[file_index + 1] - first_split[file_index];
  const std::uint32_t part = index - first_split[file_index];
  const Units units = UnitsOf(input, file);
  const std::uint64_t begin = PartBegin(units.count, parts, part) * units.bytes_each;
  const std::uint64_t end = PartBegin(units.count, parts, part + 1) * units.bytes_each;
  v1::Split split;
  split.set_path(file.path());
  split.set_offset(begin);
  split.set_length(std::min(end, file.bytes()) - begin);
  split.set_compression(file.compression());
  split.set_file_bytes(file.bytes());
  return split;
}

std::uint64_t InputBytes(const v1::JobPlan& plan) {
  std::uint64_t bytes = 0;
  for (const v1::InputPlan& input : plan.inputs()) bytes += InputBytes(input);
  return bytes;
}

std::uint64_t InputBytes(const v1::InputPlan& input) {
  std::uint64_t bytes = 0;
  for (const v1::InputFile& file : input.files()) bytes += file.bytes();
  return bytes;
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
