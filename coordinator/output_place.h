// Where a job's output directory really lies, and whether that suits what the job reads.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// The output directory as a plan names it: equal directories are equal strings. Pure text.
std::string NormalOutputPath(const std::string& output);

// `path` without "..", which behind a symbolic link does not mean what the text suggests: if it
// has one, all links are followed.
std::string FollowDotDot(const std::string& path);

// InvalidArgument if the output directory is an input, lies inside of one, or will be matched by an
// input's glob: the next job over the same input would read this one's output, too.
absl::Status CheckOutputOutsideInputs(const v1::JobRequest& request);

// InvalidArgument if a file that the plan reads lies, by any name, inside the output directory:
// with
// --overwrite its old files go.
absl::Status CheckInputsOutsideOutput(const v1::JobPlan& plan);

}  // namespace gristmill::coordinator
