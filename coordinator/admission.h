// From a request to a validated plan: everything that can be refused is refused here, before any
// task runs. Used by the coordinator's Submit and by the embedded run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "coordinator/core/job_shape.h"
#include "gristmill/v1/job.pb.h"
#include "storage/output_directory.h"

namespace gristmill::coordinator {

// The least memory of a runner that a job may ask for.
inline constexpr std::uint64_t kMemoryBytesMin = std::uint64_t{16} << 20;

struct AdmittedJob {
  v1::JobPlan plan;
  std::optional<StagedOutput> output;  // none if the job has none
};

// That the request is not larger than what a coordinator keeps. Cheap; no I/O.
absl::Status CheckRequestSize(const v1::JobRequest& request);

// Checks size, job, parameters, inputs and sizes, fills in the defaults, plans the stages and
// prepares the output directory (last, so that a refused request leaves nothing behind) for
// `owner`, which is named to others who would write there. InvalidArgument, NotFound,
// AlreadyExists, PermissionDenied … with one sentence; a misspelt job or parameter names the
// nearest real one. Blocking file I/O; callable from any thread.
absl::StatusOr<AdmittedJob> Admit(const v1::JobRequest& request, std::string_view owner);

// The plan as the core sees it.
JobShape ShapeOf(const v1::JobPlan& plan);

}  // namespace gristmill::coordinator
