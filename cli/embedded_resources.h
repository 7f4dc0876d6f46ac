// Whether this process has what an embedded run's tasks ask for: no worker with more may join.
#pragma once

#include "absl/status/status.h"
#include "coordinator/core/task_needs.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// InvalidArgument, with the flag to change, if a task asks for more than there is `here`, or for a
// label.
absl::Status CheckResources(const v1::JobRequest& request,
                            const coordinator::WorkerResources& here);

}  // namespace gristmill::cli
