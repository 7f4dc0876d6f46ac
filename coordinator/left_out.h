// What a job leaves out: tasks that failed for good though the job goes on. Used by the coordinator
// and by the embedded run.
#pragma once

#include <string>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "gristmill/v1/job.pb.h"
#include "storage/split_planner.h"

namespace gristmill::coordinator {

// The contents of OUTPUT/_failed_tasks: a line for each with stage, task, input and reason, tabs
// between, below a line that names these.
std::string FailedTasksText(const std::vector<LeftOutTask>& tasks, const v1::JobPlan& plan,
                            const SplitTable& splits);

}  // namespace gristmill::coordinator
