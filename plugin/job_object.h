// Jobs in a shared object: checked before any of its code runs, then loaded.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gristmill/registry.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::plugin {

// That it can be loaded here, as far as the file tells: a shared object for this machine with jobs
// compiled against this version of the API and with this C++ ABI. Runs none of its code.
// `name` is what people call it.
absl::Status CheckJobObject(const std::string& path, std::string_view name);

// Checks it and loads it into this process, for good. What it needs and this host lacks
// (libraries, versions, symbols) is found before any of its code runs. It ends the process if its
// code does so when it is loaded. The jobs live as long as the process.
absl::StatusOr<const JobMap*> LoadJobObject(const std::string& path, std::string_view name);

// The job of that name; an empty name means the only one. A sentence that tells the names else.
absl::StatusOr<const JobInfo*> FindJobIn(const JobMap& jobs, std::string_view object,
                                         std::string_view job);

// The job that the request is for, out of the shared object that came with it and lies in
// `directory`; null if it is one of this program's own.
absl::StatusOr<const JobInfo*> LoadJobOf(const v1::JobRequest& request,
                                         const std::string& directory);

// The dynamic linker's complaint about an object as a sentence with a remedy.
std::string ExplainLoadError(std::string_view object, std::string_view complaint);

}  // namespace gristmill::plugin
