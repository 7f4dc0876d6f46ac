// A job whose output depends on what it must not. Linked into the `testbed` binary only.
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "gristmill/job.h"

namespace {

using gristmill::Emitter;
using gristmill::Params;

thread_local int tasks_of_thread = 0;

class Fickle {
 public:
  static constexpr std::string_view kName = "fickle";
  static constexpr std::string_view kSummary = "sums numbers, and one that is not in the input";
  using Key = std::string;
  using Value = double;

  void Declare(Params& params) {
    params.AddChoice("by", &by_, {"nothing", "run", "thread", "process", "grouping"},
                     "what that number depends on");
  }
  void Setup(gristmill::TaskContext&) { ++tasks_of_thread; }
  void Map(std::string_view line, Emitter<Fickle>& out) {
    if (by_ == "thread") std::this_thread::sleep_for(std::chrono::milliseconds(1));
    out.Emit(line, Number());
    out.Emit("sum", by_ == "grouping" ? Large(line) : Number());
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  double Number() const {
    if (by_ == "run") return std::random_device()();
    if (by_ == "thread") return tasks_of_thread;
    if (by_ == "process") return getpid();
    return 1;
  }
  // Their sum depends on the order in which they are added.
  static double Large(std::string_view line) {
    return line.size() % 2 == 0 ? 1e16 : 1.0 / static_cast<double>(line.size());
  }

  std::string by_ = "nothing";
};

GRISTMILL_JOB(Fickle);

}  // namespace
