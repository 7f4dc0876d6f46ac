// Jobs that die at records that ask for it. Linked into the `testbed` binary only.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

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

// The first to come is held there until its process dies; the test's own deadline is shorter.
void HoldTheFirst(const std::string& file) {
  if (std::filesystem::exists(file)) return;
  std::ofstream(file) << "somebody is held\n";
  std::this_thread::sleep_for(std::chrono::seconds(120));
}

void WaitFor(const std::string& file) {
  while (!std::filesystem::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

void Obey(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  const std::string rest(line.substr(std::min(word.size() + 1, line.size())));
  if (word == "!hold") HoldTheFirst(rest);
  if (word == "!exit-after") {
    WaitFor(rest);
    std::_Exit(3);
  }
  if (word == "!segfault") WriteToNothing();
  if (word == "!abort") std::abort();
  if (word == "!overflow") RecurseForEver(nullptr);
  if (word == "!exit") std::_Exit(3);
  if (word == "!kill") std::raise(SIGKILL);
  if (word == "!loop") {
    while (go_on) {
    }
  }
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
    if (line.starts_with('!')) Obey(line);
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

// Counts lines, many at a time, and never says at which it is.
class FragileLines {
 public:
  static constexpr std::string_view kName = "fragile-lines";
  static constexpr std::string_view kSummary = "line count that dies at lines such as !segfault";
  using Key = std::string;
  using Value = std::uint64_t;

  void Map(const gristmill::Lines& lines, Emitter<FragileLines>& out) {
    std::string_view rest = lines.bytes();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      if (line.starts_with('!')) Obey(line);
      out.Emit(line, 1);
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
  }
  static Value Combine(Value a, Value b) { return a + b; }
};
GRISTMILL_JOB(FragileLines);

// Counts words; to count !twice twice is beyond its Combine.
class FragileCombine {
 public:
  static constexpr std::string_view kName = "fragile-combine";
  static constexpr std::string_view kSummary = "word count that can't add up the word !twice";
  // So large that no sum of others reaches it.
  static constexpr std::uint64_t kTwice = std::uint64_t{1} << 40;
  using Key = std::string;
  using Value = std::uint64_t;

  void Map(std::string_view line, Emitter<FragileCombine>& out) {
    out.Emit(line, line == "!twice" ? kTwice : 1);
  }
  static Value Combine(Value a, Value b) {
    if (a >= kTwice && b >= kTwice) throw std::runtime_error("twice is too often");
    return a + b;
  }
};
GRISTMILL_JOB(FragileCombine);

// How long files are; one that begins with an exclamation mark is a deed.
class FragileFiles {
 public:
  static constexpr std::string_view kName = "fragile-files";
  static constexpr std::string_view kSummary = "sizes of files, dying at one that is !segfault";
  using Key = std::string;
  using Value = std::uint64_t;

  void Map(const gristmill::WholeFile& file, Emitter<FragileFiles>& out) {
    if (file.contents.starts_with('!')) Obey(file.contents);
    out.Emit(file.path, file.contents.size());
  }
};
GRISTMILL_JOB(FragileFiles);

// Sorts lines; one that begins with an exclamation mark is a deed, in the sample, too.
class FragileSort {
 public:
  static constexpr std::string_view kName = "fragile-sort";
  static constexpr std::string_view kSummary = "sort that dies at lines such as !segfault";
  static constexpr bool kTotalOrder = true;
  using Key = std::string;
  using Value = std::uint64_t;

  void Map(std::string_view line, Emitter<FragileSort>& out) {
    if (line.starts_with('!')) Obey(line);
    out.Emit(line, 1);
  }
  static Value Combine(Value a, Value b) { return a + b; }
};
GRISTMILL_JOB(FragileSort);

}  // namespace
