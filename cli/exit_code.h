// What the exit code of `gristmill` says.
#pragma once

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

enum ExitCode : int {
  kDone = 0,
  kJobFailed = 1,      // the job failed or is suspended, or a process of the cluster failed
  kRefused = 2,        // wrong usage or refused input
  kNoCluster = 3,      // no coordinator was reached
  kLeftOut = 4,        // the job succeeded without tasks that failed (--halt)
  kInterrupted = 130,  // Ctrl-C
};

int ExitCodeOf(const absl::Status& status);
// Of a job that ended, or was last seen in this state.
int ExitCodeOf(const v1::JobStatus& status);

// Prints "gristmill: <sentence>" on stderr; returns the exit code.
int Fail(const absl::Status& status);

}  // namespace gristmill::cli
