// How many different values each key has.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "gristmill/hash.h"
#include "gristmill/job.h"

namespace gristmill::jobs {
namespace {

class Distinct {
 public:
  static constexpr std::string_view kName = "distinct";
  static constexpr std::string_view kSummary = "count the different values of each key, exactly";
  static constexpr std::string_view kDetails =
      "Input lines are key<TAB>value; what follows the first tab is the value. A line without a "
      "tab "
      "is a key with an empty value.\n\n"
      "Output: key<TAB>number of different values. Nothing is estimated, and no key needs to fit "
      "in "
      "memory with all its values.";

  // The pairs themselves are the keys: folding makes each unique, sorting puts those of one key
  // side by side, and what remains is to count neighbours.
  using Key = std::pair<std::string, std::string>;
  using Value = None;
  using OutputKey = std::string;
  using OutputValue = std::uint64_t;

  void Map(std::string_view line, Emitter<Distinct>& out) {
    const std::size_t tab = line.find('\t');
    pair_.first.assign(line.substr(0, tab));
    pair_.second.assign(tab == std::string_view::npos ? "" : line.substr(tab + 1));
    out.Emit(pair_, {});
  }

  static None Combine(None, None) { return {}; }

  // All pairs of one key go to the same partition.
  std::uint32_t Partition(const Key& key, std::uint32_t partitions) const {
    return HashPartition(key.first, partitions);
  }

  void Reduce(const Key& key, Values<Distinct>&, Output<Distinct>& out) {
    if (count_ > 0 && key.first != current_) EmitCurrent(out);
    if (count_ == 0) current_ = key.first;
    ++count_;
  }

  void TearDown(Output<Distinct>& out) {
    if (count_ > 0) EmitCurrent(out);
  }

 private:
  void EmitCurrent(Output<Distinct>& out) {
    out.Emit(current_, count_);
    count_ = 0;
  }

  Key pair_;  // reused, so that a line costs no allocation
  std::string current_;
  std::uint64_t count_ = 0;
};

GRISTMILL_JOB(Distinct);

}  // namespace
}  // namespace gristmill::jobs
