// Groups points around k centres: rounds over the same input, each with the centres of the last.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/chain.h"

namespace gristmill::jobs {
namespace {

// Coordinates are whole numbers of millionths, so that they add up the same in any order.
using Point = std::vector<std::int64_t>;
constexpr int kDigits = 6;
constexpr double kOne = 1e6;
// Then differences are exact as a double.
constexpr double kCoordinateMax = 1e9 * kOne;
__extension__ using Wide = __int128;

bool IsSeparator(char c) { return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r'; }

Point ParsePoint(std::string_view line) {
  Point point;
  const char* p = line.data();
  const char* const end = p + line.size();
  while (true) {
    while (p != end && IsSeparator(*p)) ++p;
    if (p == end) return point;
    double value = 0;
    const auto parsed = std::from_chars(p, end, value);
    if (parsed.ec != std::errc() || (parsed.ptr != end && !IsSeparator(*parsed.ptr))) {
      throw TaskError(
          "a point has something that is no number; give numbers with spaces or commas "
          "between them");
    }
    if (!(std::abs(value) * kOne <= kCoordinateMax)) {
      throw TaskError("a coordinate is farther from zero than a billion; scale the points down");
    }
    point.push_back(std::llround(value * kOne));
    p = parsed.ptr;
  }
}

// A number in which each bit depends on all of the point (the last steps of SplitMix64).
std::uint64_t HashOf(std::uint64_t seed, const Point& point) {
  std::uint64_t hash = seed;
  for (const std::int64_t x : point) {
    hash += static_cast<std::uint64_t>(x) + 0x9E3779B97F4A7C15;
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
    hash ^= hash >> 31;
  }
  return hash;
}

// Adds coordinates up.
void Add(const Point& more, Point* sums) {
  for (std::size_t i = 0; i < sums->size(); ++i) {
    if (__builtin_add_overflow((*sums)[i], more[i], &(*sums)[i])) {
      throw TaskError(
          "the coordinates of the points add up to more than fits into 64 bits of "
          "millionths; scale the points down");
    }
  }
}

void CheckDimensions(std::size_t a, std::size_t b) {
  if (a == b) return;
  throw TaskError("one point has " + std::to_string(a) + " coordinates and another " +
                  std::to_string(b) + "; all must have as many");
}

// The mean of `count` numbers, rounded to the nearest, halves up.
std::int64_t MeanOf(std::int64_t sum, std::uint64_t count) {
  const Wide doubled = Wide{2} * sum + Wide{count};
  const Wide divisor = Wide{2} * Wide{count};
  Wide mean = doubled / divisor;
  if (doubled % divisor < 0) --mean;
  return static_cast<std::int64_t>(mean);
}

// Chooses k different points by their hashes: the same ones however the input is split.
class Choose {
 public:
  static constexpr std::string_view kName = "choose";
  using Key = std::uint32_t;
  using Value = std::vector<std::pair<std::uint64_t, Point>>;  // sorted
  using OutputValue = std::pair<std::uint64_t, Point>;         // points around the centre, centre

  void Declare(Params& params) {
    params.Add("k", &k_, "how many centres");
    params.Add("seed", &seed_, "another one begins with other points as centres");
  }
  std::string Validate() const {
    return k_ >= 1 && k_ <= 1'000 ? "" : "parameter 'k' must be from 1 to 1000";
  }
  void Map(std::string_view line, Emitter<Choose>& out) {
    Point point = ParsePoint(line);
    if (point.empty()) return;
    const std::uint64_t hash = HashOf(seed_, point);
    if (best_.size() == k_ && hash > best_.back().first) return;  // k better ones were seen
    best_ = Combine(std::move(best_), {{hash, std::move(point)}});
  }
  void TearDown(Emitter<Choose>& out) {
    if (!best_.empty()) out.Emit(0, std::move(best_));
  }
  Value Combine(Value a, Value b) const {
    Value both;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    if (both.size() > k_) both.resize(k_);
    return both;
  }
  void Reduce(std::uint32_t, Values<Choose>& values, Output<Choose>& out) {
    Value best;
    for (const Value& more : values) best = Combine(std::move(best), more);
    for (std::uint32_t i = 0; i < best.size(); ++i) out.Emit(i, {0, best[i].second});
  }

 private:
  std::uint64_t k_ = 8, seed_ = 1;
  Value best_;
};

// Finds the nearest centre of each point; then each centre moves to the mean of its points.
class Assign {
 public:
  static constexpr std::string_view kName = "assign";
  using Key = std::uint32_t;
  using Value = std::pair<std::uint64_t, Point>;  // points, and the sums of their coordinates
  using Parsed = Point;
  using Centres = std::vector<std::pair<std::uint32_t, Value>>;

  void Declare(Params& params) {
    params.Add("tolerance", &tolerance_, "stop when no centre moves farther than this");
  }
  std::string Validate() const { return tolerance_ >= 0 ? "" : "'tolerance' can't be negative"; }

  void Begin(const Centres& centres) {
    centres_ = centres;
    for (const auto& [index, centre] : centres_) sums_.emplace_back(0, Point(centre.second.size()));
  }
  bool Converged(const Centres& before, const Centres& after) const {
    const double most = tolerance_ * kOne;
    return before.size() == after.size() &&
           std::equal(before.begin(), before.end(), after.begin(),
                      [most](const auto& a, const auto& b) {
                        return SquareOfDistance(a.second.second, b.second.second) <= most * most;
                      });
  }

  static Point Parse(std::string_view line) { return ParsePoint(line); }
  void Map(const Point& point, Emitter<Assign>& out) {
    if (point.empty()) return;
    std::size_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < centres_.size(); ++i) {
      const double distance = SquareOfDistance(point, centres_[i].second.second);
      if (distance < least) {
        least = distance;
        nearest = i;
      }
    }
    auto& [count, sums] = sums_[nearest];
    ++count;
    Add(point, &sums);
  }
  // Also of centres without points, which then stay where they are.
  void TearDown(Emitter<Assign>& out) {
    for (std::size_t i = 0; i < centres_.size(); ++i) {
      out.Emit(centres_[i].first, std::move(sums_[i]));
    }
  }

  static Value Combine(Value a, Value b) {
    a.first += b.first;
    Add(b.second, &a.second);
    return a;
  }
  void Reduce(std::uint32_t index, Values<Assign>& values, Output<Assign>& out) {
    Value sum(0, Point(centres_.at(0).second.second.size()));
    for (const Value& value : values) sum = Combine(std::move(sum), value);
    if (sum.first == 0) {
      const auto old = std::find_if(centres_.begin(), centres_.end(),
                                    [index](const auto& c) { return c.first == index; });
      sum.second = old->second.second;
    } else {
      for (std::int64_t& x : sum.second) x = MeanOf(x, sum.first);
    }
    out.Emit(index, std::move(sum));
  }

 private:
  static double SquareOfDistance(const Point& a, const Point& b) {
    CheckDimensions(a.size(), b.size());
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double step = static_cast<double>(a[i] - b[i]);
      sum += step * step;
    }
    return sum;
  }

  double tolerance_ = 0;
  Centres centres_;
  std::vector<Value> sums_;  // by centre
};

class Show {
 public:
  static constexpr std::string_view kName = "show";
  using Key = std::uint32_t;
  using Value = std::string;

  void Map(std::uint32_t index, const Assign::Value& centre, Emitter<Show>& out) {
    std::string text = std::to_string(centre.first);
    for (const std::int64_t x : centre.second) text += '\t' + TextOf(x);
    out.Emit(index, text);
  }

 private:
  static std::string TextOf(std::int64_t millionths) {
    const auto one = static_cast<std::uint64_t>(kOne);
    const auto size = static_cast<std::uint64_t>(std::abs(millionths));
    return (millionths < 0 ? "-" : "") + std::to_string(size / one) + "." +
           std::to_string(one + size % one).substr(1, kDigits);
  }
};

class KMeans {
 public:
  static constexpr std::string_view kName = "kmeans";
  static constexpr std::string_view kSummary = "group points around k centres";
  static constexpr std::string_view kDetails =
      "Input lines are points: numbers with spaces, tabs, commas or semicolons between them, as "
      "many "
      "in each line. They are read as millionths.\n\n"
      "Output: centre<TAB>number of its points<TAB>its coordinates. Rounds end when no centre "
      "moves any more. Points are read and parsed once and then kept in memory, as far as half of "
      "--memory goes.";
  static constexpr std::uint32_t kPartitions = 1;

  void Declare(Params& params) { params.Add("rounds", &rounds_, "how many rounds at most"); }
  auto Build() const { return Read().Reduce<Choose>().Iterate<Assign>(rounds_).Map<Show>(); }

 private:
  std::uint64_t rounds_ = 20;
};

GRISTMILL_CHAIN(KMeans);

}  // namespace
}  // namespace gristmill::jobs
