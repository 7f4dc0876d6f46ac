// The words of text files and how often each occurs.
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/job.h"
#include "gristmill/words.h"

namespace gristmill::jobs {
namespace {

class WordCount {
 public:
  static constexpr std::string_view kName = "wordcount";
  static constexpr std::string_view kSummary = "count the words of text files";
  static constexpr std::string_view kDetails =
      "A word is a maximal run of bytes that are not ASCII white space; with letters=true a "
      "maximal "
      "run of the ASCII letters A-Z and a-z. With lower=true the letters A-Z count as a-z. All "
      "other bytes stay as they are, whatever their encoding.\n\n"
      "Output: word<TAB>count, sorted by word within each partition.";

  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) {
    params.Add("lower", &lower_, "fold the ASCII letters to lower case");
    params.Add("letters", &letters_, "a word is a run of ASCII letters");
  }

  void Map(const Lines& lines, Emitter<WordCount>& out) {
    const std::string_view text = lower_ ? Lower(lines.bytes()) : lines.bytes();
    ForEachWord(text, letters_ ? kLetters : kAllButSpace,
                [&out](std::string_view word) { out.Emit(word, 1); });
  }

  static Value Combine(Value a, Value b) { return a + b; }

 private:
  // Valid until the next call.
  std::string_view Lower(std::string_view text) {
    lowered_.resize(text.size());
    LowerAscii(text, lowered_.data());
    return lowered_;
  }

  bool lower_ = false;
  bool letters_ = false;
  std::string lowered_;
};

GRISTMILL_JOB(WordCount);

}  // namespace
}  // namespace gristmill::jobs
