// What a task reads, derived from its job's plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gristmill/v1/job.pb.h"
#include "storage/split_planner.h"

namespace gristmill::coordinator {

// The split of a sample or map task; nothing for a reduce task.
std::optional<v1::Split> SplitOfTask(const v1::JobPlan& plan, const SplitTable& splits,
                                     std::uint32_t stage, std::uint32_t task);

// "path:offset+length", "[begin, end)" or "partition N".
std::string DescribeTaskInput(const v1::JobPlan& plan, const SplitTable& splits,
                              std::uint32_t stage, std::uint32_t task);

// "sample", "map" or "reduce".
std::string StageName(v1::StageKind kind);

}  // namespace gristmill::coordinator
