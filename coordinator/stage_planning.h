// From the stages that a job declares to those of its plan.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "gristmill/registry.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Rounds of an iteration are stages, two each at least.
inline constexpr std::size_t kStagesMax = 1'000;

// InvalidArgument, with a sentence, if the declared stages are no job: an edge that does not lead
// back to an earlier stage, a stage without what its kind reads, one that leads nowhere … A job of
// a shared object may declare anything.
absl::Status CheckStages(const JobDeclaration& declared, const std::string& job);

// Adds the stages to a plan that has its inputs and partitions. InvalidArgument if there would be
// too many tasks.
absl::Status PlanStages(const JobDeclaration& declared, v1::JobPlan* plan);

}  // namespace gristmill::coordinator
