// What a task reads, derived from its job's plan, and how tasks are named to people.
//
// `part` is what the coordinator's core says of the task: a planned split, or a piece of one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/ids.h"
#include "base/task_part.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "storage/split_planner.h"

namespace gristmill {

// `splits` is made of `plan` in all of these.

// The split of a sample or map task; nothing for a reduce task.
std::optional<v1::Split> SplitOfTask(const v1::JobPlan& plan, const SplitTable& splits,
                                     std::uint32_t stage, const TaskPart& part);
// InvalidArgument, with a sentence, if a running map task with this part can't have been cut there:
// `cut_at` is counted from the beginning of the part.
absl::Status CheckCut(const v1::JobPlan& plan, const SplitTable& splits, std::uint32_t stage,
                      const TaskPart& part, std::uint64_t cut_at);

// What the tasks of a sample or map stage read.
const v1::InputPlan& InputOfStage(const v1::JobPlan& plan, std::uint32_t stage);

// Whether a record that a task with this split reads may begin at `offset` of the (decompressed)
// file.
bool MayHoldRecordAt(const v1::InputPlan& input, const v1::Split& split, std::uint64_t offset);

v1::TaskAssignment MakeAssignment(const v1::JobPlan& plan, const SplitTable& splits,
                                  const TaskRef& task, const TaskPart& part, AttemptId attempt);

// "path:offset+length", "[begin, end)" or "partition N".
std::string DescribeTaskInput(const v1::JobPlan& plan, const SplitTable& splits,
                              std::uint32_t stage, const TaskPart& part);

// Why a job fails whose task failed so many times, at last for `reason`: "map task 3 failed 4
// times, last on worker W: REASON (split S)". `worker` is empty where there is only one.
std::string DescribeTaskFailure(const v1::JobPlan& plan, const SplitTable& splits,
                                const TaskRef& task, const TaskPart& part, std::uint32_t times,
                                std::string_view worker, std::string_view reason);

// What people call it: "map", or "map.2".
std::string_view StageName(const v1::StagePlan& stage);
std::string_view StageName(const v1::StageStatus& stage);
std::string_view StageName(const v1::TaskStatus& task);
// "sample", "map" or "reduce".
std::string_view StageName(v1::StageKind kind);

}  // namespace gristmill
