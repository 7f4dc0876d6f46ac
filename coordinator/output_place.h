// Where a job's output directory really lies, and whether that suits what the job reads.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// The output directory as a plan names it: equal directories are equal strings. Pure text.
std::string NormalOutputPath(const std::string& output);

// `path` without "..", which behind a symbolic link does not mean what the text suggests: if it
// has one, all links are followed.
std::string FollowDotDot(const std::string& path);

// InvalidArgument if the output directory is one of the paths of an input, lies inside of one, or
// will be matched by one that is a glob: the next job over the same input would read this one's
// output, too.
absl::Status CheckOutputOutsideInputs(const v1::JobRequest& request,
                                      const std::vector<std::string>& paths);

// InvalidArgument if a file of the input lies, by any name, inside the output directory: with
// --overwrite its old files go.
absl::Status CheckInputsOutsideOutput(const v1::JobRequest& request, const v1::InputPlan& input);

}  // namespace gristmill::coordinator
