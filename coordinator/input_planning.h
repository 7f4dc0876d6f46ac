// What a job reads: from its declaration and the request's --input to the plan's inputs.
#pragma once

#include "absl/status/status.h"
#include "gristmill/registry.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Most map tasks of a job. Keeps ShuffleSources, which names every one of a stage, well below the
// message limit of 64 MiB.
inline constexpr std::uint64_t kMapTasksMax = 5'000'000;

// Fills in the plan's inputs and, in its request, what the request left to defaults; of the named
// and the unnamed inputs only those stay in the request which the job has. InvalidArgument,
// NotFound or PermissionDenied with one sentence. Blocking file I/O.
absl::Status PlanInputs(const JobDeclaration& declared, v1::JobPlan* plan);

}  // namespace gristmill::coordinator
