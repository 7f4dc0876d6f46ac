// What access logs ask for most, with percentiles of a number on each line.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "gristmill/histogram.h"
#include "gristmill/job.h"
#include "gristmill/top_n.h"
#include "jobs/access_log.h"

namespace gristmill::jobs {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

class LogScan {
 public:
  static constexpr std::string_view kName = "logscan";
  static constexpr std::string_view kSummary =
      "the most requested of access logs, with percentiles of sizes or times";
  static constexpr std::string_view kDetails =
      "Input: lines of the Common or Combined Log Format, as web servers write them. Lines that "
      "are none are counted as malformed_lines and left out.\n\n"
      "Output: for the --param top that occur most, most first: name<TAB>requests,sum,median,90th "
      "percentile,99th percentile of the value. Percentiles are those of a sketch, off by less "
      "than "
      "1 %. With more than one of --partitions each file has the top of its own share.";
  static constexpr std::uint32_t kPartitions = 1;

  // What it is about, and the bucket of the value: so that requests fold to counts in the map
  // tasks, and come to Reduce bucket by bucket.
  static constexpr std::size_t kGroupFields = 1;
  using Key = std::pair<std::string, std::uint32_t>;
  using Value = std::pair<std::uint64_t, std::uint64_t>;  // requests, sum of the values
  using OutputKey = std::string;
  using OutputValue = std::tuple<std::uint64_t, double, double, double, double>;

  void Declare(Params& params) {
    params.AddChoice("by", &by_, {"path", "host", "status", "method"},
                     "which part of the requests to count");
    params.AddChoice("value", &value_, {"bytes", "last"},
                     "the number: bytes of the response, or the last field of the line, where many "
                     "servers write the seconds it took");
    params.Add("top", &top_, "how many of those that occur most");
  }

  std::string Validate() const {
    return top_ > 0 ? "" : "parameter 'top' of job 'logscan' must be more than 0";
  }

  void Map(std::string_view line, Emitter<LogScan>& out) {
    const auto parsed = ParseAccessLogLine(line);
    const auto value = parsed ? ValueOf(*parsed) : std::nullopt;
    if (!value) return out.context().Count("malformed_lines");
    key_.first.assign(PartOf(*parsed));
    key_.second = BucketOf(*value);
    out.Emit(key_, {1, *value});
  }

  static Value Combine(Value a, Value b) { return {a.first + b.first, a.second + b.second}; }

  void Setup(TaskContext&) { best_ = Best(top_); }

  void Reduce(std::string_view name, Values<LogScan>& values, Output<LogScan>&) {
    histogram_.Clear();
    std::uint64_t sum = 0;
    for (const Value& value : values) {
      histogram_.AddToBucket(values.key().second, value.first);
      sum += value.second;
    }
    if (!best_.MayTake(histogram_.count())) return;
    best_.Add(histogram_.count(), Group{std::string(name), sum, histogram_.Percentile(50),
                                        histogram_.Percentile(90), histogram_.Percentile(99)});
  }

  void TearDown(Output<LogScan>& out) {
    for (const auto& [requests, group] : best_.Take()) {
      out.Emit(group.name, {requests, Written(group.sum), Written(group.median), Written(group.p90),
                            Written(group.p99)});
    }
  }

 private:
  struct Group {
    std::string name;
    std::uint64_t sum = 0, median = 0, p90 = 0, p99 = 0;
    friend bool operator<(const Group& a, const Group& b) { return a.name < b.name; }
  };
  using Best = TopN<std::uint64_t, Group>;  // by requests

  // In bytes, or millionths of whatever the last field is.
  std::optional<std::uint64_t> ValueOf(const AccessLogLine& line) const {
    if (value_ == "last") return ParseMillionths(line.last);
    const auto millionths = ParseMillionths(line.bytes);
    return millionths ? std::optional(*millionths / kMillion) : std::nullopt;
  }
  double Written(std::uint64_t value) const {
    return static_cast<double>(value) / static_cast<double>(value_ == "last" ? kMillion : 1);
  }

  std::string_view PartOf(const AccessLogLine& line) const {
    if (by_ == "host") return line.host;
    if (by_ == "status") return line.status;
    if (by_ == "method") return line.method;
    return line.path;
  }

  std::string by_ = "path", value_ = "bytes";
  std::uint64_t top_ = 20;
  Key key_;              // reused, so that a line costs no allocation
  Histogram histogram_;  // of the group at hand
  Best best_{0};
};

GRISTMILL_JOB(LogScan);

}  // namespace
}  // namespace gristmill::jobs
