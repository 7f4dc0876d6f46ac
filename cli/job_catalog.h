// `gristmill jobs`: what this binary can run.
#pragma once

#include <string>
#include <vector>

#include "gristmill/registry.h"

namespace gristmill::cli {

// One line per job.
std::string RenderCatalog(const std::vector<const JobInfo*>& jobs);
// Paragraphs, parameters and an example command line of one job.
std::string RenderJobHelp(const JobInfo& job);

// All jobs, or the one named. Returns the exit code.
int ShowJobs(const std::string& name, bool json);

}  // namespace gristmill::cli
