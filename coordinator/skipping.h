// Between the core, which decides what records are skipped, and the plan, which knows what they
// are. Used by the coordinator and by the embedded run.
#pragma once

#include <optional>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "storage/set_aside.h"
#include "storage/split_planner.h"

namespace gristmill::coordinator {

// The record at which the report says that the job's code died. None if it says none, or one that
// can't be a record of the task's input: then the memory that told it was damaged.
std::optional<InputRecord> BadRecordOf(const v1::TaskReport& report, const v1::JobPlan& plan,
                                       const SplitTable& splits, std::uint32_t stage,
                                       const TaskPart& part);

// `assignment` has its split: its attempt is to leave out what the job skips there.
void TellSkips(const SkippedRecords& skipped, v1::TaskAssignment* assignment);

// What is to be set aside when the job's output is put into place, in order of path and offset.
std::vector<SetAsideRecord> SetAsideOf(const SkippedRecords& skipped, const v1::JobPlan& plan);

}  // namespace gristmill::coordinator
