// Command lines of Hadoop Streaming as jobs of this framework.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/job_flags.h"

namespace gristmill::cli {

// `arguments` are those behind `hadoop jar ANY.jar`. Options and properties that only tell Hadoop
// how to do its work have no effect. InvalidArgument names what would change the result and can't
// be had here.
absl::StatusOr<JobFlags> TranslateHadoopStreaming(const std::vector<std::string>& arguments);

}  // namespace gristmill::cli
