// Jobs that let a test see and steer a cluster from outside: they leave a file when a task starts
// and can be held until the test lets them go. Linked into the `testbed` binary only.
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gristmill/job.h"
#include "tests/latch.h"

namespace {

namespace fs = std::filesystem;
using gristmill::Emitter;
using gristmill::Output;

// "PHASE-TASK.PID.N": one file per attempt that started, never overwritten.
std::string Announce(const std::string& directory, const std::string& phase, std::uint32_t task) {
  for (int n = 0;; ++n) {
    const std::string path = directory + "/" + phase + "-" + std::to_string(task) + "." +
                             std::to_string(getpid()) + "." + std::to_string(n);
    const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0) {
      close(fd);
      return path;
    }
    if (errno != EEXIST) throw std::runtime_error("can't write " + path);
  }
}

std::uint64_t CountFiles(const std::string& directory, const std::string& prefix) {
  std::uint64_t count = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    count += entry.path().filename().string().starts_with(prefix) ? 1 : 0;
  }
  return count;
}

// Until so many files are there; the test's own deadline is shorter.
void WaitForFiles(const std::string& directory, const std::string& prefix, std::uint64_t files) {
  const int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify_add_watch(changes, directory.c_str(), IN_CREATE) < 0) {
    throw std::runtime_error("can't watch " + directory + ": " + std::strerror(errno));
  }
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(60);
  while (CountFiles(directory, prefix) < files) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) throw std::runtime_error("waited 60 s for " + prefix + "* in " + directory);
    pollfd next{changes, POLLIN, 0};
    poll(&next, 1, static_cast<int>(left));
    char skipped[4096];
    while (read(changes, skipped, sizeof(skipped)) > 0) {
    }
  }
  close(changes);
}

// Word count whose tasks announce themselves; one task of one phase waits for a latch, DIR/release.
class Gate {
 public:
  static constexpr std::string_view kName = "gate";
  static constexpr std::string_view kSummary = "word count that a test can hold in mid-task";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(gristmill::Params& params) {
    params.Add("dir", &dir_, "where tasks announce themselves");
    params.AddChoice("hold", &hold_, {"none", "map", "reduce"}, "phase to hold");
    params.Add("task", &task_, "index of the task that is held");
  }
  void Map(std::string_view line, Emitter<Gate>& out) {
    Arrive("map", out.context().task());
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t end = std::min(line.find(' ', begin), line.size());
      if (end > begin) out.Emit(line.substr(begin, end - begin), 1);
      begin = end + 1;
    }
  }
  void Reduce(std::string_view key, gristmill::Values<Gate>& values, Output<Gate>& out) {
    Arrive("reduce", out.context().task());
    std::uint64_t sum = 0;
    for (std::uint64_t value : values) sum += value;
    out.Emit(key, sum);
  }

 private:
  void Arrive(const std::string& phase, std::uint32_t task) {
    if (arrived_) return;
    arrived_ = true;
    Announce(dir_, phase, task);
    if (hold_ == phase && task_ == task) gristmill::WaitForLatch(dir_ + "/release");
  }

  std::string dir_;
  std::string hold_ = "none";
  std::uint64_t task_ = 0;
  bool arrived_ = false;
};
GRISTMILL_JOB(Gate);

// Each map, and each reduce, waits until `together` tasks of its phase run at once.
class Rendezvous {
 public:
  static constexpr std::string_view kName = "rendezvous";
  static constexpr std::string_view kSummary = "tasks that end only if others run at the same time";
  using Key = std::uint64_t;
  using Value = std::uint64_t;

  void Declare(gristmill::Params& params) {
    params.Add("dir", &dir_, "where tasks announce themselves");
    params.Add("together", &together_, "how many tasks of a phase must run at once");
    params.Add("maps", &maps_, "number of map tasks");
  }
  gristmill::InputSpec Input() const {
    return {gristmill::InputFormat::kIntegerRange, 0, {0, static_cast<std::int64_t>(maps_)}};
  }
  void Map(gristmill::IntegerRange range, Emitter<Rendezvous>& out) {
    Announce(dir_, "map", out.context().task());
    WaitForFiles(dir_, "map-", together_);
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      out.Emit(static_cast<std::uint64_t>(i), 1);
    }
  }
  std::uint32_t Partition(std::uint64_t key, std::uint32_t partitions) const {
    return static_cast<std::uint32_t>(key % partitions);
  }
  void Reduce(std::uint64_t key, gristmill::Values<Rendezvous>& values, Output<Rendezvous>& out) {
    if (!met_) {
      met_ = true;
      Announce(dir_, "reduce", out.context().task());
      WaitForFiles(dir_, "reduce-", together_);
    }
    std::uint64_t sum = 0;
    for (std::uint64_t value : values) sum += value;
    out.Emit(key, sum);
  }

 private:
  std::string dir_;
  std::uint64_t together_ = 2;
  std::uint64_t maps_ = 8;
  bool met_ = false;
};
GRISTMILL_JOB(Rendezvous);

// Lines of "COST KEY VALUE…": each takes COST times `ms`. The job's values per key, in their order.
class SkewedList {
 public:
  static constexpr std::string_view kName = "skewed-list";
  static constexpr std::string_view kSummary =
      "list the values of each key, of lines that cost time";
  using Key = std::string;
  using Value = std::string;

  void Declare(gristmill::Params& params) { params.Add("ms", &ms_, "what a line of cost 1 takes"); }
  void Map(std::string_view line, Emitter<SkewedList>& out) {
    const std::size_t key = line.find(' ') + 1, value = line.find(' ', key) + 1;
    const std::uint64_t cost = std::stoull(std::string(line.substr(0, key - 1)));
    std::this_thread::sleep_for(std::chrono::milliseconds(cost * ms_));
    out.Emit(line.substr(key, value - 1 - key), line.substr(value, line.find(' ', value) - value));
  }
  void Reduce(std::string_view key, gristmill::Values<SkewedList>& values,
              Output<SkewedList>& out) {
    std::string list;
    for (const std::string_view value : values) list.append(value).append(",");
    out.Emit(key, list);
  }

 private:
  std::uint64_t ms_ = 0;
};
GRISTMILL_JOB(SkewedList);

// The same lines, counted.
class SkewedCount {
 public:
  static constexpr std::string_view kName = "skewed-count";
  static constexpr std::string_view kSummary = "count lines by key, which cost time";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(gristmill::Params& params) { params.Add("ms", &ms_, "what a line of cost 1 takes"); }
  void Map(std::string_view line, Emitter<SkewedCount>& out) {
    const std::size_t key = line.find(' ') + 1;
    const std::uint64_t cost = std::stoull(std::string(line.substr(0, key - 1)));
    std::this_thread::sleep_for(std::chrono::milliseconds(cost * ms_));
    out.Emit(line.substr(key, line.find(' ', key) - key), 1);
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  std::uint64_t ms_ = 0;
};
GRISTMILL_JOB(SkewedCount);

// User code that misbehaves in the way its parameter says.
class Misbehave {
 public:
  static constexpr std::string_view kName = "misbehave";
  static constexpr std::string_view kSummary = "user code that fails on purpose";
  using Key = std::string;
  using Value = std::uint64_t;

  void Declare(gristmill::Params& params) {
    params.AddChoice("how", &how_,
                     {"throw", "segfault", "exit", "loop", "flood", "fork", "close", "leak"},
                     "what to do");
    params.Add("dir", &dir_, "where tasks announce themselves");
    params.Add("times", &times_, "misbehave in this many attempts, then behave");
  }
  void Map(std::string_view line, Emitter<Misbehave>& out) {
    if (!announced_) {
      announced_ = true;
      Announce(dir_, "map", out.context().task());
      if (CountFiles(dir_, "map-") <= times_) Fail();
    }
    out.Emit(line, 1);
  }
  static Value Combine(Value a, Value b) { return a + b; }

 private:
  void Fail() {
    if (how_ == "throw") throw std::runtime_error("the dictionary is missing");
    if (how_ == "segfault") raise(SIGSEGV);
    if (how_ == "exit") _exit(3);
    if (how_ == "flood") Flood();
    if (how_ == "leak") Leak();
    if (how_ == "fork") return LeaveChildrenBehind();
    if (how_ == "close") {
      for (int descriptor = 3; descriptor < 1024; ++descriptor) close(descriptor);
    }
    for (;;) spins_ = spins_ + 1;
  }

  // Faster than anybody could look.
  static void Leak() {
    static std::atomic<std::vector<char>*> last;
    for (;;) last = new std::vector<char>(4 << 20, 'x');
  }

  static void Flood() {
    const std::string lines(64 << 10, '\n');
    const std::string text = std::string(99, 'x') + "\n";
    for (std::uint64_t i = 0;; ++i) {
      const std::string& written = i % 2 == 0 ? text : lines;
      if (write(STDERR_FILENO, written.data(), written.size()) < 0) return;
    }
  }

  // A child that leaves the process group, and its own child; both hold the runner's stderr and
  // tell their pids in "left-PID".
  void LeaveChildrenBehind() const {
    if (fork() != 0) return;
    setsid();
    fork();
    Announce(dir_, "left", static_cast<std::uint32_t>(getpid()));
    for (;;) pause();
  }

  std::string how_ = "throw";
  std::string dir_;
  std::uint64_t times_ = 1'000'000;
  bool announced_ = false;
  volatile std::uint64_t spins_ = 0;
};
GRISTMILL_JOB(Misbehave);

}  // namespace
