// The most memory that a runner may use, so that a leak in user code costs the runner and not its
// host.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace gristmill::worker {

// In the environment of a runner: the limit in bytes, or "none". Without it the job's memory
// decides.
inline constexpr char kRunnerMemoryVariable[] = "GRISTMILL_RUNNER_MEMORY";

struct RunnerMemory {
  // `variable` is what the environment has, or null; `job_bytes` is the job's --memory,
  // `tasks_bytes` what its tasks that run at once ask for by --task-memory.
  static RunnerMemory From(const char* variable, std::uint64_t job_bytes,
                           std::uint64_t tasks_bytes = 0);

  // What the framework may use of it, which is the job's --memory where there is room for that.
  std::uint64_t ShareOfFramework(std::uint64_t job_bytes) const;

  std::uint64_t bytes = 0;    // zero: no limit
  bool is_of_worker = false;  // said by 'gristmill worker --runner-memory'
};

// From now on this process may have `bytes` of private, writable memory beyond what it has, touched
// or not (RLIMIT_DATA): the address space that threads and libraries only reserve does not count,
// as it would with RLIMIT_AS. An allocation beyond it throws std::bad_alloc; then a reserve is
// opened, so that the process can still report that. Call it once.
absl::Status LimitMemory(std::uint64_t bytes);

// operator new failed at the limit.
bool RanOutOfMemory();

// One sentence for the user: what ran out and what to do.
std::string DescribeOutOfMemory(const RunnerMemory& memory);

}  // namespace gristmill::worker
