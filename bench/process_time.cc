#include "bench/process_time.h"

#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/status.h"

namespace gristmill::bench {
namespace {

// utime, stime, cutime and cstime are the 14th to 17th field of /proc/PID/stat; the second, in
// parentheses, may hold blanks.
constexpr int kFieldsFromNameToTimes = 11;

}  // namespace

absl::StatusOr<double> CpuSecondsOf(pid_t pid) {
  clockid_t clock;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return Internal("can't read the processor time of process {}; did it end?", pid);
  }
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

absl::StatusOr<double> CpuSecondsOfTree(pid_t pid) {
  const std::string directory = fmt::format("/proc/{}", pid);
  std::string stat;
  std::getline(std::ifstream(directory + "/stat"), stat);
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsFromNameToTimes; ++i) fields >> skipped;
  double ticks = 0, field = 0;
  for (int i = 0; i < 4; ++i) {
    fields >> field;
    ticks += field;
  }
  if (!fields) return Internal("can't read {}/stat; did the process end?", directory);
  double seconds = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(directory + "/task", error)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) {
      // One that ends meanwhile is counted with its parent, the next time.
      seconds += CpuSecondsOfTree(child).value_or(0);
    }
  }
  return seconds;
}

}  // namespace gristmill::bench
