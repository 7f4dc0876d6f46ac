// The processor time that other processes have used.
#pragma once

#include <sys/types.h>

#include "absl/status/statusor.h"

namespace gristmill::bench {

// Of all threads of the process, to the nanosecond.
absl::StatusOr<double> CpuSecondsOf(pid_t pid);
// Of the process and its descendants, those that ended included, to the kernel's tick (10 ms).
absl::StatusOr<double> CpuSecondsOfTree(pid_t pid);

}  // namespace gristmill::bench
