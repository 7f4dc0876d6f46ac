// From a request to a validated plan: everything that can be refused is refused here, before any
// task runs. Used by the coordinator's Submit and by the embedded run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "coordinator/core/job_shape.h"
#include "gristmill/registry.h"
#include "gristmill/v1/job.pb.h"
#include "storage/output_directory.h"

namespace gristmill::coordinator {

// The least memory of a runner that a job may ask for.
inline constexpr std::uint64_t kMemoryBytesMin = std::uint64_t{16} << 20;

// What admission needs to know of a job with the request's parameters.
struct DescribedJob {
  std::string name;
  bool writes_output = true;
  JobDeclaration declared;
};
// NotFound or InvalidArgument with one sentence if there is no such job or it refuses the request.
using Describe = std::function<absl::StatusOr<DescribedJob>(const v1::JobRequest&)>;
// Runs code of the job, in this process.
absl::StatusOr<DescribedJob> DescribeJob(const JobInfo& job, const v1::JobRequest& request);
// A job of this binary; a misspelt one names the nearest real one.
absl::StatusOr<DescribedJob> DescribeOwnJob(const v1::JobRequest& request);

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
absl::StatusOr<AdmittedJob> Admit(const v1::JobRequest& request, std::string_view owner,
                                  const Describe& describe = DescribeOwnJob);

// Like Admit, without making anything: the plan has no staging directory.
absl::StatusOr<v1::JobPlan> PlanDryRun(const v1::JobRequest& request,
                                       const Describe& describe = DescribeOwnJob);

// What a task of an admitted job takes of its worker.
TaskNeeds NeedsOf(const v1::JobRequest& request);

// The plan as the core sees it.
JobShape ShapeOf(const v1::JobPlan& plan);

}  // namespace gristmill::coordinator
