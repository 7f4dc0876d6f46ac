// For each word, the files it occurs in.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/job.h"
#include "gristmill/words.h"

namespace gristmill::jobs {
namespace {

class InvertedIndex {
 public:
  static constexpr std::string_view kName = "invertedindex";
  static constexpr std::string_view kSummary = "list, for each word, the files it occurs in";
  static constexpr std::string_view kDetails =
      "A word is a maximal run of bytes that are not ASCII white space.\n\n"
      "Output: word<TAB>path,path,… with each absolute path once, sorted by its bytes. A comma in "
      "a "
      "path is not escaped.";

  using Key = std::string;
  using Value = std::vector<std::string>;  // paths, sorted, each once

  // A map task reads from one file only, so all its words share one list.
  void Setup(TaskContext& context) { this_file_ = {std::string(context.input_path())}; }

  void Map(const Lines& lines, Emitter<InvertedIndex>& out) {
    ForEachWord(lines.bytes(), kAllButSpace,
                [&](std::string_view word) { out.Emit(word, this_file_); });
  }

  // The union of two lists. The two common cases, a file that is known already and one that comes
  // after all others, neither allocate nor move the list.
  static Value Combine(Value&& paths, const Value& more) {
    if (paths.back() == more.front() && more.size() == 1) return std::move(paths);
    if (paths.back() < more.front()) {
      paths.insert(paths.end(), more.begin(), more.end());
      return std::move(paths);
    }
    Value all;
    all.reserve(paths.size() + more.size());
    std::set_union(std::make_move_iterator(paths.begin()), std::make_move_iterator(paths.end()),
                   more.begin(), more.end(), std::back_inserter(all));
    return all;
  }

 private:
  Value this_file_;
};

GRISTMILL_JOB(InvertedIndex);

}  // namespace
}  // namespace gristmill::jobs
