// The visits of each host in access logs: requests between which not much time passes.
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gristmill/job.h"
#include "jobs/access_log.h"

namespace gristmill::jobs {
namespace {

class Sessions {
 public:
  static constexpr std::string_view kName = "sessions";
  static constexpr std::string_view kSummary = "the visits of each host in access logs";
  static constexpr std::string_view kDetails =
      "Input: lines of the Common or Combined Log Format, as web servers write them. Lines that "
      "are none are counted as malformed_lines and left out.\n\n"
      "Output: host<TAB>begin,seconds,requests,first path for each visit of each host, in the "
      "order of time. A visit ends where no request follows for more than --param gap seconds. "
      "Times are in UTC.";

  // Grouped by host; time orders the requests of a host.
  static constexpr std::size_t kGroupFields = 1;
  using Key = std::pair<std::string, std::int64_t>;
  using Value = std::string;  // path
  using OutputKey = std::string;
  using OutputValue = std::tuple<std::string, std::uint64_t, std::uint64_t, std::string>;

  void Declare(Params& params) {
    params.Add("gap", &gap_, "seconds without a request that end a visit");
  }

  void Map(std::string_view line, Emitter<Sessions>& out) {
    const auto parsed = ParseAccessLogLine(line);
    const auto time = parsed ? ParseAccessLogTime(parsed->time) : std::nullopt;
    if (!time) return out.context().Count("malformed_lines");
    key_.first.assign(parsed->host);
    key_.second = *time;
    out.Emit(key_, parsed->path);
  }

  void Reduce(std::string_view host, Values<Sessions>& paths, Output<Sessions>& out) {
    requests_ = 0;
    for (const std::string_view path : paths) {
      const std::int64_t time = paths.key().second;
      if (requests_ > 0 && static_cast<std::uint64_t>(time - end_) > gap_) EmitVisit(host, out);
      if (requests_ == 0) {
        begin_ = time;
        first_.assign(path);
      }
      end_ = time;
      ++requests_;
    }
    EmitVisit(host, out);
  }

 private:
  void EmitVisit(std::string_view host, Output<Sessions>& out) {
    out.Emit(host,
             {FormatTime(begin_), static_cast<std::uint64_t>(end_ - begin_), requests_, first_});
    requests_ = 0;
  }

  std::uint64_t gap_ = 1800;
  Key key_;  // reused, so that a line costs no allocation
  // The visit at hand.
  std::int64_t begin_ = 0, end_ = 0;
  std::uint64_t requests_ = 0;
  std::string first_;
};

GRISTMILL_JOB(Sessions);

}  // namespace
}  // namespace gristmill::jobs
