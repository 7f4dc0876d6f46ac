// Records in the order of their keys, over all partitions.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/job.h"

namespace gristmill::jobs {
namespace {

constexpr std::uint32_t kTerasortRecordBytes = 100;
constexpr std::uint32_t kTerasortKeyBytes = 10;

class Sort {
 public:
  static constexpr std::string_view kName = "sort";
  static constexpr std::string_view kSummary =
      "sort lines, or 100-byte records, over all partitions";
  static constexpr std::string_view kDetails =
      "records=lines: the lines of text files by their bytes, as LC_ALL=C sort does. A CR before a "
      "line's LF is dropped.\n"
      "records=terasort: records of 100 bytes by their first 10; equal keys keep the order of the "
      "input.\n\n"
      "Each partition holds a range of keys, so the output files one after the other are the whole "
      "sorted sequence. A sample of the keys is taken first to make the ranges even.";
  static constexpr bool kTotalOrder = true;

  using Key = std::string;
  using Value = std::string;  // the rest of a record; empty for lines

  void Declare(Params& params) {
    params.AddChoice("records", &records_, {"lines", "terasort"}, "what the input consists of");
  }

  InputSpec Input() const {
    if (!terasort()) return {};
    return {
        .format = InputFormat::kFixedRecords, .record_bytes = kTerasortRecordBytes, .range = {}};
  }

  OutputFormat Format() const {
    return terasort() ? OutputFormat::kFixedRecords : OutputFormat::kText;
  }

  void Setup(TaskContext&) { key_bytes_ = terasort() ? kTerasortKeyBytes : std::string_view::npos; }

  void Map(std::string_view record, Emitter<Sort>& out) {
    const std::string_view key = record.substr(0, key_bytes_);
    out.Emit(key, record.substr(key.size()));
  }

  void Reduce(std::string_view key, Values<Sort>& values, Output<Sort>& out) {
    const bool whole_record_is_key = key_bytes_ == std::string_view::npos;
    for (const std::string_view rest : values) {
      if (whole_record_is_key) {
        out.Emit(key);
      } else {
        out.Emit(key, rest);
      }
    }
  }

 private:
  bool terasort() const { return records_ == "terasort"; }

  std::string records_ = "lines";
  std::size_t key_bytes_ = 0;
};

GRISTMILL_JOB(Sort);

}  // namespace
}  // namespace gristmill::jobs
