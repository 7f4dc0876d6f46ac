#include "worker/runner/runner_memory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <new>

#include "base/status.h"
#include "base/units.h"

namespace gristmill::worker {
namespace {

// The framework keeps to the job's --memory, but for fragments; the rest is for the job's own code.
constexpr std::uint64_t kOfJobMemory = 2;
constexpr std::uint64_t kBeyondJobMemory = std::uint64_t{512} << 20;
// Opened when the limit is hit: for reports, and for what gRPC needs to send them.
constexpr rlim_t kReserveBytes = rlim_t{64} << 20;

std::atomic<bool> ran_out{false};

// Lets others go on while this thread's exception is on its way.
void OnAllocationFailed() {
  if (!ran_out.exchange(true)) {
    rlimit limit{};
    if (getrlimit(RLIMIT_DATA, &limit) == 0) {
      limit.rlim_cur = limit.rlim_max;
      setrlimit(RLIMIT_DATA, &limit);
    }
  }
  throw std::bad_alloc();
}

// Of this process: /proc/self/statm counts pages, "size resident shared text lib data dt".
absl::StatusOr<rlim_t> DataBytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  if (!statm) return Unavailable("can't read /proc/self/statm, which tells the memory in use");
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

RunnerMemory RunnerMemory::From(const char* variable, std::uint64_t job_bytes,
                                std::uint64_t tasks_bytes) {
  RunnerMemory memory{kOfJobMemory * job_bytes + kBeyondJobMemory + tasks_bytes, false};
  if (variable == nullptr) return memory;
  memory = {0, true};
  std::from_chars(variable, variable + std::strlen(variable), memory.bytes);  // "none" leaves zero
  return memory;
}

std::uint64_t RunnerMemory::ShareOfFramework(std::uint64_t job_bytes) const {
  return bytes == 0 ? job_bytes : std::min(job_bytes, bytes / kOfJobMemory);
}

absl::Status LimitMemory(std::uint64_t bytes) {
  GM_ASSIGN_OR_RETURN(const rlim_t used, DataBytes());
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return ErrnoStatus(errno, "can't limit the memory");
  // One that was inherited and is tighter stays.
  limit.rlim_max = std::min(limit.rlim_max, used + bytes + kReserveBytes);
  limit.rlim_cur = std::min(limit.rlim_max, used + bytes);
  if (setrlimit(RLIMIT_DATA, &limit) != 0) return ErrnoStatus(errno, "can't limit the memory");
  std::set_new_handler(OnAllocationFailed);
  return absl::OkStatus();
}

bool RanOutOfMemory() { return ran_out; }

std::string DescribeOutOfMemory(const RunnerMemory& memory) {
  if (memory.bytes == 0) return "it ran out of memory; use less at once or a machine with more";
  if (memory.is_of_worker) {
    return fmt::format(
        "it ran out of the {} that its worker lets a runner use; let the job's code keep less, "
        "lower --memory, or raise 'gristmill worker --runner-memory'",
        FormatBytes(memory.bytes));
  }
  return fmt::format(
      "it ran out of the {} that a runner of this job may use (twice --memory and {}); let the "
      "job's code keep less, or raise --memory",
      FormatBytes(memory.bytes), FormatBytes(kBeyondJobMemory));
}

}  // namespace gristmill::worker
