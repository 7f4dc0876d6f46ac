// `gristmill jobs`: what this binary can run.
#pragma once

#include <string>
#include <vector>

#include "gristmill/registry.h"

namespace gristmill::cli {

// One line per job.
std::string RenderCatalog(const std::vector<const JobInfo*>& jobs);
// Paragraphs, parameters and an example command line of one job.
// `called` is how the command line names it.
std::string RenderJobHelp(const JobInfo& job, const std::string& called);

// All jobs, or the one named, or those of a shared object (PATH.so or PATH.so:NAME), which is
// loaded. Returns the exit code.
int ShowJobs(const std::string& name, bool json);

}  // namespace gristmill::cli
