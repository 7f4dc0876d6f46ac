// A job that reads files which come with it. Linked into the `testbed` binary only.
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

#include "gristmill/job.h"
#include "gristmill/words.h"

namespace {

// Counts words but for those in stopwords.txt, which it reads from its directory, and again from
// the working directory: that is to be the same one.
class WithoutStopwords {
 public:
  static constexpr std::string_view kName = "without_stopwords";
  static constexpr std::string_view kSummary = "counts words that a file does not list";
  using Key = std::string;
  using Value = std::uint64_t;

  void Setup(gristmill::TaskContext& context) {
    const std::set<std::string> named = Read(context.directory() + "/stopwords.txt");
    if (named != Read("stopwords.txt")) throw std::runtime_error("the two files differ");
    stopwords_ = named;
  }
  void Map(std::string_view line, gristmill::Emitter<WithoutStopwords>& out) {
    gristmill::ForEachWord(line, gristmill::kAllButSpace, [&](std::string_view word) {
      if (!stopwords_.contains(std::string(word))) out.Emit(word, 1);
    });
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  static std::set<std::string> Read(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("there is no " + path);
    std::set<std::string> words;
    for (std::string word; file >> word;) words.insert(word);
    return words;
  }

  std::set<std::string> stopwords_;
};
GRISTMILL_JOB(WithoutStopwords);

}  // namespace
