// A job's status as clients see it, from what the core and its plan say. Used by the coordinator
// and by the embedded run.
#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "coordinator/task_times.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.pb.h"
#include "storage/split_planner.h"

namespace gristmill::coordinator {

// Without what only the caller knows: id, times and the cluster's size.
v1::JobStatus StatusOf(const JobView& job, const v1::JobPlan& plan);

// Of a task of the job, which was submitted then. Without the name of its worker.
v1::TaskStatus TaskStatusOf(const TaskRef& ref, const TaskView& task, const JobView& job,
                            const v1::JobPlan& plan, const SplitTable& splits);
void AddTime(const TaskTimes::Time& time, std::int64_t submitted_unix_ms, std::int64_t now_unix_ms,
             v1::TaskStatus* status);

// Sorted by name, as the core has them.
std::vector<v1::Counter> CountersOf(const JobView& job);

}  // namespace gristmill::coordinator
