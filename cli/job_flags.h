// From the flags of `run` and `submit` to the request that admission checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/job_control.h"
#include "cli/stream_flags.h"
#include "gristmill/v1/job.pb.h"
#include "storage/shipped_files.h"

namespace gristmill::cli {

// As typed. Empty and zero mean "not given".
struct JobFlags {
  std::string job;  // a name, or that of a shared object: see ObjectName
  std::vector<std::string> inputs;
  std::string output;
  std::vector<std::string> params;  // key=value
  std::optional<std::uint32_t> partitions;
  std::uint32_t splits = 0;
  std::uint32_t max_attempts = 0;
  std::uint32_t skip_bad_records = 0;
  std::string split_size;
  std::string memory;
  std::string output_format;  // "text", "records" or "fixed"
  bool overwrite = false;
  std::vector<std::string> files;  // PATH or PATH#NAME
  StreamFlags stream;
  ControlFlags control;
};

// PATH.so:JOB, or PATH.so where there is only one.
struct ObjectName {
  std::string path;
  std::string job;  // may be empty
};
// None if the text names a job of this binary.
std::optional<ObjectName> ParseObjectName(const std::string& text);

// Paths become absolute against the current directory. InvalidArgument with one sentence. What
// only the job or the file system can tell is left to admission.
absl::StatusOr<v1::JobRequest> BuildRequest(const JobFlags& flags);

// The files that come with the job, its shared object among them, which `request` is to name, too.
// Reads them. A sentence if one can't be shipped, or is no object that gristmill can load.
absl::StatusOr<std::vector<LocalFile>> BringFiles(const JobFlags& flags, v1::JobRequest* request);

}  // namespace gristmill::cli
