// How many primes a range of integers holds.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/job.h"
#include "jobs/count_primes.h"

namespace gristmill::jobs {
namespace {

class Primes {
 public:
  static constexpr std::string_view kName = "primes";
  static constexpr std::string_view kSummary = "count the primes of a range of integers";
  static constexpr std::string_view kDetails =
      "Counts the primes n with from <= n < to by testing every number: work for the processor "
      "alone, without input files, and the load of `gristmill bench scaling`.\n\n"
      "Output: one line, primes<TAB>count. --splits sets the number of map tasks.";

  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) {
    params.Add("from", &from_, "first number");
    params.Add("to", &to_, "number after the last");
  }

  std::string Validate() const {
    if (from_ < to_) return "";
    return "parameter 'to' of job 'primes' is " + std::to_string(to_) +
           " but must be more than 'from', " + std::to_string(from_);
  }

  InputSpec Input() const {
    return {.format = InputFormat::kIntegerRange, .record_bytes = 0, .range = {from_, to_}};
  }

  void Map(IntegerRange range, Emitter<Primes>& out) {
    out.Emit("primes", CountPrimes(range.begin, range.end));
  }

  static Value Combine(Value a, Value b) { return a + b; }

 private:
  std::int64_t from_ = 0;
  std::int64_t to_ = 10'000'000;
};

GRISTMILL_JOB(Primes);

}  // namespace
}  // namespace gristmill::jobs
