// How important pages are that link to each other: a chain whose step repeats until nothing moves.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gristmill/chain.h"

namespace gristmill::jobs {
namespace {

// Ranks are whole numbers of this part, and on average 1. So they add up the same in any order.
constexpr int kFractionBits = 32;
constexpr std::uint64_t kOne = std::uint64_t{1} << kFractionBits;
__extension__ using Wide = unsigned __int128;

using Links = std::vector<std::string>;
// Rank, whether the ranks are final, and the pages that it links to.
using Page = std::tuple<std::uint64_t, bool, Links>;
// Pages, the rank of those without links, and how far all ranks moved.
using Totals = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

std::string_view NextWord(std::string_view* line) {
  const std::size_t begin = std::min(line->find_first_not_of(" \t\r"), line->size());
  const std::size_t end = std::min(line->find_first_of(" \t\r", begin), line->size());
  const std::string_view word = line->substr(begin, end - begin);
  line->remove_prefix(end);
  return word;
}

// From lines to pages, each with its links, sorted and once.
class Graph {
 public:
  static constexpr std::string_view kName = "graph";
  using Key = std::string;
  using Value = Links;
  using OutputValue = Page;
  using Summary = Totals;

  void Map(std::string_view line, Emitter<Graph>& out) {
    const std::string_view from = NextWord(&line);
    if (from.empty() || from.front() == '#') return;
    const std::string_view to = NextWord(&line);
    if (to.empty()) return out.Emit(from, {});
    out.Emit(from, {std::string(to)});
    out.Emit(to, {});
  }

  static Links Combine(Links a, Links b) {
    if (b.empty()) return a;
    Links both;
    both.reserve(a.size() + b.size());
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
  }

  void Reduce(std::string_view page, Values<Graph>& values, Output<Graph>& out) {
    Links links;
    for (const Links& more : values) links = Combine(std::move(links), more);
    auto& [pages, idle, moved] = totals_;
    ++pages;
    if (links.empty()) idle += kOne;
    moved += kOne;
    out.Emit(page, {kOne, false, std::move(links)});
  }

  Totals Summarise() const { return totals_; }

 private:
  Totals totals_;
};

// One round: each page hands its rank to those it links to, in equal parts.
class Rank {
 public:
  static constexpr std::string_view kName = "rank";
  using Key = std::string;
  // What others handed to the page, and the page itself, or one without links and a rank of zero.
  using Value = std::pair<std::uint64_t, Page>;
  using OutputValue = Page;
  using Summary = Totals;

  void Declare(Params& params) {
    params.Add("damping", &damping_, "share of a page's rank that goes to those it links to");
    params.Add("tolerance", &tolerance_, "stop when ranks move less than this on average");
  }
  std::string Validate() const {
    if (!(damping_ >= 0 && damping_ < 1)) {
      return "parameter 'damping' must be at least 0 and less than 1";
    }
    if (!(tolerance_ >= 0 && tolerance_ <= 1)) return "parameter 'tolerance' must be from 0 to 1";
    return "";
  }

  void Begin(const std::vector<Totals>& before) {
    std::uint64_t pages = 0, idle = 0, moved = 0;
    for (const auto& [more_pages, more_idle, more_moved] : before) {
      pages += more_pages;
      idle += more_idle;
      moved += more_moved;
    }
    if (pages == 0) return;
    idle_per_page_ = idle / pages;
    final_ = moved / pages <= FixedPoint(tolerance_);
  }

  void Map(std::string_view name, const Page& page, Emitter<Rank>& out) {
    const auto& [rank, is_final, links] = page;
    out.Emit(name, {0, page});
    if (is_final || links.empty()) return;
    const std::uint64_t part = rank / links.size(), rest = rank % links.size();
    for (std::size_t i = 0; i < links.size(); ++i) out.Emit(links[i], {part + (i < rest), Page()});
  }

  static Value Combine(Value a, Value b) {
    a.first += b.first;
    if (std::get<0>(b.second) > 0) a.second = std::move(b.second);
    return a;
  }

  void Reduce(std::string_view name, Values<Rank>& values, Output<Rank>& out) {
    Value sum;
    for (const Value& value : values) sum = Combine(std::move(sum), value);
    auto& [rank, is_final, links] = sum.second;
    auto& [pages, idle, moved] = totals_;
    const std::uint64_t before = rank;
    is_final = final_;
    if (!final_) rank = NewRank(sum.first);
    ++pages;
    if (links.empty()) idle += rank;
    moved += rank > before ? rank - before : before - rank;
    out.Emit(name, sum.second);
  }

  Totals Summarise() const { return totals_; }

 private:
  static std::uint64_t FixedPoint(double share) {
    return static_cast<std::uint64_t>(std::llround(share * static_cast<double>(kOne)));
  }
  // At least 1, for the rank tells a page from what is handed to it.
  std::uint64_t NewRank(std::uint64_t handed) const {
    const std::uint64_t damping = FixedPoint(damping_);
    const Wide sum = Wide{kOne - damping} * kOne + Wide{damping} * (handed + idle_per_page_);
    return std::max<std::uint64_t>(static_cast<std::uint64_t>(sum >> kFractionBits), 1);
  }

  double damping_ = 0.85, tolerance_ = 0.0001;
  std::uint64_t idle_per_page_ = 0;
  bool final_ = false;
  Totals totals_;
};

class Print {
 public:
  static constexpr std::string_view kName = "print";
  using Key = std::string;
  using Value = std::string;

  void Map(std::string_view name, const Page& page, Emitter<Print>& out) {
    constexpr std::uint64_t kMillion = 1'000'000;
    const Wide millionths = (Wide{std::get<0>(page)} * kMillion + kOne / 2) >> kFractionBits;
    const auto value = static_cast<std::uint64_t>(millionths);
    const std::string fraction = std::to_string(kMillion + value % kMillion).substr(1);
    out.Emit(name, std::to_string(value / kMillion) + "." + fraction);
  }
};

class PageRank {
 public:
  static constexpr std::string_view kName = "pagerank";
  static constexpr std::string_view kSummary = "rank pages by the links between them";
  static constexpr std::string_view kDetails =
      "Input lines are FROM TO, two names with white space between them: a link. A name alone is a "
      "page without links; lines that begin with # are left out.\n\n"
      "Output: page<TAB>rank, where 1 is the average. Pages without links hand their rank to all. "
      "Rounds end when ranks hardly move any more.";

  void Declare(Params& params) { params.Add("rounds", &rounds_, "how many rounds at most"); }
  auto Build() const { return Read().Reduce<Graph>().Repeat<Rank>(rounds_).Map<Print>(); }

 private:
  std::uint64_t rounds_ = 50;
};

GRISTMILL_CHAIN(PageRank);

}  // namespace
}  // namespace gristmill::jobs
