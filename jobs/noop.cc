// Tasks that do nothing.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/job.h"

namespace gristmill::jobs {
namespace {

class Noop {
 public:
  static constexpr std::string_view kName = "noop";
  static constexpr std::string_view kSummary = "run empty tasks, to measure the framework itself";
  static constexpr std::string_view kDetails =
      "Each task gets a range of integers, looks at none and writes nothing: what remains is the "
      "cost of planning, assigning and reporting tasks. There is no --output. Give --splits N for "
      "N tasks, at most 'to'.";

  using Key = None;
  using Value = None;

  void Declare(Params& params) { params.Add("to", &to_, "the range of integers ends here"); }

  std::string Validate() const {
    if (to_ > 0) return "";
    return "parameter 'to' of job 'noop' must be more than 0, not " + std::to_string(to_);
  }

  InputSpec Input() const {
    return {.format = InputFormat::kIntegerRange, .record_bytes = 0, .range = {0, to_}};
  }

  void Map(IntegerRange, Emitter<Noop>&) {}

 private:
  std::int64_t to_ = 1'000'000'000;
};

GRISTMILL_JOB(Noop);

}  // namespace
}  // namespace gristmill::jobs
