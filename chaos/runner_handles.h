// The runner processes of a worker, which are not our children.
#pragma once

#include <sys/types.h>

#include <vector>

namespace gristmill::chaos {

// Means the same process for ever, also when its number was given to another.
class RunnerHandle {
 public:
  RunnerHandle(RunnerHandle&& other) noexcept;
  RunnerHandle& operator=(RunnerHandle&&) = delete;
  ~RunnerHandle();

  // False if the process has ended.
  bool Signal(int signal) const;

 private:
  friend std::vector<RunnerHandle> RunnersOf(pid_t worker);
  explicit RunnerHandle(int pidfd) : pidfd_(pidfd) {}
  int pidfd_;
};

// Its children, in the order of their numbers.
std::vector<RunnerHandle> RunnersOf(pid_t worker);

}  // namespace gristmill::chaos
