// `gristmill new`: a project with a job of one's own.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace gristmill::cli {

// Writes DIRECTORY with CMakeLists.txt, the job, its test and a README. The job has the name of the
// directory: lower-case letters, digits and '_'. A sentence if that is none, or something is there.
absl::Status WriteNewProject(const std::string& directory);

// The same for the command line; says what to do next. Returns the exit code.
int NewProject(const std::string& directory);

}  // namespace gristmill::cli
