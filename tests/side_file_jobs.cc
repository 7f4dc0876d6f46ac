// A job whose tasks write files beside the output. Linked into the `testbed` binary only.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gristmill/job.h"
#include "tests/latch.h"

namespace {

// Lines by their first letter: how many there are, a file of each letter with its lines, and a side
// output that tells which letters came. Task 0 of the reduce is held, after it wrote its files, by
// the latch DIR/release; DIR/held-PID says that it is.
class Beside {
 public:
  static constexpr std::string_view kName = "beside";
  static constexpr std::string_view kSummary = "writes files beside its output";
  using Key = std::string;
  using Value = std::string;
  using OutputValue = std::uint64_t;

  void Declare(gristmill::Params& params) {
    params.Add("dir", &dir_, "where the held task says so; nothing is held if empty");
    params.AddChoice("wrong", &wrong_, {"nothing", "same-name", "in-map", "bad-name"},
                     "what is wrong with the files");
  }
  void Map(std::string_view line, gristmill::Emitter<Beside>& out) {
    if (wrong_ == "in-map") out.context().WriteFile("too-early", line);
    out.Emit(line.substr(0, 1), line);
  }
  void Reduce(std::string_view letter, gristmill::Values<Beside>& values,
              gristmill::Output<Beside>& out) {
    std::string lines;
    std::uint64_t count = 0;
    for (const std::string_view line : values) {
      lines.append(line).push_back('\n');
      ++count;
    }
    const std::string name = wrong_ == "same-name"  ? "same"
                             : wrong_ == "bad-name" ? "../letters"
                                                    : "letter-" + std::string(letter);
    if (wrong_ != "same-name" || !wrote_) out.context().WriteFile(name, lines);
    wrote_ = true;
    out.context().side_output("letters").Line(letter);
    out.Emit(letter, count);
  }
  void TearDown(gristmill::Output<Beside>& out) {
    if (dir_.empty() || out.context().task() != 0) return;
    close(open((dir_ + "/held-" + std::to_string(getpid())).c_str(), O_CREAT | O_WRONLY, 0644));
    gristmill::WaitForLatch(dir_ + "/release");
  }

 private:
  std::string dir_, wrong_ = "nothing";
  bool wrote_ = false;
};
GRISTMILL_JOB(Beside);

}  // namespace
