// A job that dies at records that ask for it. Linked into the `testbed` binary only.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gristmill/job.h"

namespace {

using gristmill::Emitter;
using gristmill::Output;

volatile bool go_on = true;

__attribute__((noinline)) int WriteToNothing() {
  volatile int* volatile nothing = nullptr;
  *nothing = 1;
  return 1;
}

__attribute__((noinline)) int RecurseForEver(volatile char* above) {
  volatile char frame[4096];
  frame[0] = above == nullptr ? 0 : above[0];
  return go_on ? RecurseForEver(frame) + frame[0] : 0;
}

void Obey(std::string_view word) {
  if (word == "!segfault") WriteToNothing();
  if (word == "!abort") std::abort();
  if (word == "!overflow") RecurseForEver(nullptr);
  if (word == "!exit") std::_Exit(3);
  if (word == "!throw") throw std::runtime_error("this word is not to be counted");
}

// Word count of lines "word word …"; a line that begins with an exclamation mark is a deed.
class Fragile {
 public:
  static constexpr std::string_view kName = "fragile";
  static constexpr std::string_view kSummary = "word count that dies at lines such as !segfault";
  using Key = std::string;
  using Value = std::uint64_t;

  void Map(std::string_view line, Emitter<Fragile>& out) {
    if (line.starts_with('!')) Obey(line.substr(0, line.find(' ')));
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t end = std::min(line.find(' ', begin), line.size());
      if (end > begin) out.Emit(line.substr(begin, end - begin), 1);
      begin = end + 1;
    }
  }
  void Reduce(std::string_view word, gristmill::Values<Fragile>& values, Output<Fragile>& out) {
    if (word.starts_with("?")) Obey("!" + std::string(word.substr(1)));
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) sum += value;
    out.Emit(word, sum);
  }
};
GRISTMILL_JOB(Fragile);

}  // namespace
