// Jobs that say what they are at, and wait for a latch. Linked into the `testbed` binary only.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "gristmill/job.h"
#include "tests/latch.h"

namespace {

using gristmill::Emitter;
using gristmill::Output;
using gristmill::Params;
using gristmill::TaskContext;
using gristmill::Values;

// Emits each line with a number, and writes it to stderr in three ways. A reduce task waits at the
// key "wait" for the latch `until`.
class Talker {
 public:
  static constexpr std::string_view kName = "talker";
  static constexpr std::string_view kSummary = "tells of each line on stderr, and counts them";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(Params& params) { params.Add("until", &until_, "the latch that is waited for"); }
  void Setup(TaskContext& context) { context_ = &context; }

  void Map(std::string_view line, Emitter<Talker>& out) {
    std::fprintf(stderr, "stdio %.*s\n", static_cast<int>(line.size()), line.data());
    std::cerr << "cerr " << line << std::endl;
    const std::string plain = "plain " + std::string(line) + "\n";
    (void)!write(STDERR_FILENO, plain.data(), plain.size());
    context_->SetStatus("mapping " + std::string(line));
    out.Emit(line, 1);
  }

  void Reduce(std::string_view key, Values<Talker>& values, Output<Talker>& out) {
    std::uint64_t count = 0;
    for (std::uint64_t value : values) count += value;
    context_->SetStatus("reducing " + std::string(key));
    if (key == "wait") gristmill::WaitForLatch(until_);
    out.Emit(key, count);
  }

 private:
  std::string until_;
  TaskContext* context_ = nullptr;
};

GRISTMILL_JOB(Talker);

}  // namespace
