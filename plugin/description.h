// Asks a child process what a job in a shared object is, so that no code of users runs here: a
// crash, an endless loop or a leak in it costs that process.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/instant.h"
#include "gristmill/v1/job_object.pb.h"

namespace gristmill::plugin {

// The child's command: `gristmill describe-job`.
inline constexpr char kDescribeCommand[] = "describe-job";

// Runs `binary describe-job` in `directory`. What the object or the job says against the request,
// and what goes wrong with it, is InvalidArgument or NotFound with one sentence. Blocks until the
// answer or the deadline; then the child and what it started in its process group is gone.
absl::StatusOr<v1::DescribeResponse> DescribeInChild(const std::string& binary,
                                                     const std::string& directory,
                                                     const v1::DescribeRequest& request,
                                                     DurationMs deadline_ms = 10'000);

// Loads the object into this process and asks the job.
v1::DescribeResponse Describe(const v1::DescribeRequest& request);

// The main function of the child: the request comes from stdin, the answer goes to descriptor 3.
int DescribeMain();

}  // namespace gristmill::plugin
