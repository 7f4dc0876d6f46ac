// Files that come with a job that this process runs itself.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gristmill/registry.h"
#include "gristmill/v1/job.pb.h"
#include "storage/shipped_files.h"

namespace gristmill::cli {

// As on a worker: what comes with the job is in `directory`, below `parent`, read-only, as it was
// when the job began, and if there is any that becomes the working directory. Loads the job's
// shared object from there; null if the job is one of this binary.
absl::StatusOr<const JobInfo*> PlaceFiles(const v1::JobRequest& request,
                                          const std::vector<LocalFile>& files,
                                          const std::string& parent, const std::string& directory);

}  // namespace gristmill::cli
