// Tasks that do nothing.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

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
      "N tasks, at most 'to'. With 'wait_ms' each waits so long and uses no processor meanwhile: "
      "many workers on few processors.";

  using Key = None;
  using Value = None;

  void Declare(Params& params) {
    params.Add("to", &to_, "the range of integers ends here");
    params.Add("wait_ms", &wait_ms_, "how long each task waits");
  }

  std::string Validate() const {
    if (wait_ms_ > kWaitMsMax) {
      return "parameter 'wait_ms' of job 'noop' must be at most " + std::to_string(kWaitMsMax) +
             ", not " + std::to_string(wait_ms_);
    }
    if (to_ > 0) return "";
    return "parameter 'to' of job 'noop' must be more than 0, not " + std::to_string(to_);
  }

  InputSpec Input() const {
    return {.format = InputFormat::kIntegerRange, .record_bytes = 0, .range = {0, to_}};
  }

  void Map(IntegerRange, Emitter<Noop>&) {
    if (wait_ms_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms_));
  }

 private:
  static constexpr std::uint64_t kWaitMsMax = 60'000;
  std::int64_t to_ = 1'000'000'000;
  std::uint64_t wait_ms_ = 0;
};

GRISTMILL_JOB(Noop);

}  // namespace
}  // namespace gristmill::jobs
