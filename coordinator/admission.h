// From a request to a validated plan: everything that can be refused is refused here, before any
// task runs. Used by the coordinator's Submit and by the embedded run.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "coordinator/core/job_shape.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Checks job, parameters, inputs and sizes, fills in the defaults, plans the stages and prepares
// the output directory (last, so that a refused request leaves nothing behind).
// InvalidArgument, NotFound, AlreadyExists, PermissionDenied … with one sentence; a misspelt job
// or parameter names the nearest real one. Blocking file I/O; callable from any thread.
absl::StatusOr<v1::JobPlan> Admit(const v1::JobRequest& request);

// The output directory as a plan names it: equal directories are equal strings. Pure text.
std::string NormalOutputPath(const std::string& output);

// The plan as the core sees it.
JobShape ShapeOf(const v1::JobPlan& plan);

}  // namespace gristmill::coordinator
