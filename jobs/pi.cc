// Pi from random points.
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "gristmill/job.h"
#include "jobs/pi_samples.h"

namespace gristmill::jobs {
namespace {

class Pi {
 public:
  static constexpr std::string_view kName = "pi";
  static constexpr std::string_view kSummary = "estimate pi from random points";
  static constexpr std::string_view kDetails =
      "Draws points in a square and counts those inside the quarter circle. Point i is a function "
      "of "
      "the seed and i alone, so the digits do not depend on splits, threads or workers.\n\n"
      "Output: one line, pi<TAB>estimate,points inside,points. --splits sets the number of map "
      "tasks.";

  using Key = std::string;
  using Value = std::uint64_t;  // points inside
  using OutputValue = std::tuple<double, std::uint64_t, std::uint64_t>;

  void Declare(Params& params) {
    params.Add("samples", &samples_, "number of points");
    params.Add("seed", &seed_, "picks the points");
  }

  std::string Validate() const {
    if (samples_ > 0) return "";
    return "parameter 'samples' of job 'pi' must be more than 0, not " + std::to_string(samples_);
  }

  InputSpec Input() const {
    return {.format = InputFormat::kIntegerRange, .record_bytes = 0, .range = {0, samples_}};
  }

  void Map(IntegerRange range, Emitter<Pi>& out) {
    out.Emit("pi", CountPointsInCircle(seed_, range.begin, range.end));
  }

  static Value Combine(Value a, Value b) { return a + b; }

  void Reduce(std::string_view key, Values<Pi>& values, Output<Pi>& out) {
    std::uint64_t inside = 0;
    for (const std::uint64_t part : values) inside += part;
    const auto points = static_cast<std::uint64_t>(samples_);
    const double pi = 4 * static_cast<double>(inside) / static_cast<double>(points);
    out.Emit(key, {pi, inside, points});
  }

 private:
  std::int64_t samples_ = 100'000'000;
  std::uint64_t seed_ = 1;
};

GRISTMILL_JOB(Pi);

}  // namespace
}  // namespace gristmill::jobs
