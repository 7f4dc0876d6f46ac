// What access logs ask for most, with percentiles of a number on each line.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gristmill/hash.h"
#include "gristmill/job.h"
#include "jobs/access_log.h"
#include "jobs/quantile_buckets.h"

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

  std::uint32_t Partition(const Key& key, std::uint32_t partitions) const {
    return HashPartition(key.first, partitions);
  }

  void Reduce(const Key& key, Values<LogScan>& values, Output<LogScan>&) {
    if (key.first != current_.name || buckets_.empty()) BeginNext(key.first);
    Value all = {0, 0};
    for (const Value& value : values) all = Combine(all, value);
    buckets_.emplace_back(key.second, all.first);
    current_.requests += all.first;
    current_.sum += all.second;
  }

  void TearDown(Output<LogScan>& out) {
    BeginNext("");
    std::sort(best_.begin(), best_.end(), IsMore);
    for (const Group& group : best_) {
      out.Emit(group.name,
               {group.requests, Written(group.sum), group.median, group.p90, group.p99});
    }
  }

 private:
  struct Group {
    std::string name;
    std::uint64_t requests = 0, sum = 0;
    double median = 0, p90 = 0, p99 = 0;
  };

  static bool IsMore(const Group& a, const Group& b) {
    return a.requests != b.requests ? a.requests > b.requests : a.name < b.name;
  }

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

  // Ends the group whose buckets came. best_ is a heap with the least of the best on top.
  void BeginNext(const std::string& name) {
    if (!buckets_.empty()) {
      current_.median = Quantile(50);
      current_.p90 = Quantile(90);
      current_.p99 = Quantile(99);
      best_.push_back(std::move(current_));
      std::push_heap(best_.begin(), best_.end(), IsMore);
      if (best_.size() > top_) {
        std::pop_heap(best_.begin(), best_.end(), IsMore);
        best_.pop_back();
      }
    }
    buckets_.clear();
    current_ = Group{.name = name};
  }

  // The value that this share of the requests does not exceed.
  double Quantile(std::uint64_t percent) const {
    const std::uint64_t rank = (current_.requests * percent + 99) / 100;
    std::uint64_t seen = 0;
    for (const auto& [bucket, count] : buckets_) {
      seen += count;
      if (seen >= rank) return Written(MiddleOf(bucket));
    }
    return 0;
  }

  std::string by_ = "path", value_ = "bytes";
  std::uint64_t top_ = 20;
  Key key_;  // reused, so that a line costs no allocation
  Group current_;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> buckets_;  // of the current group, ascending
  std::vector<Group> best_;
};

GRISTMILL_JOB(LogScan);

}  // namespace
}  // namespace gristmill::jobs
