// From the flags of `run` and `submit` to the request that admission checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// As typed. Empty and zero mean "not given".
struct JobFlags {
  std::string job;
  std::vector<std::string> inputs;
  std::string output;
  std::vector<std::string> params;  // key=value
  std::optional<std::uint32_t> partitions;
  std::uint32_t splits = 0;
  std::uint32_t max_attempts = 0;
  std::uint32_t skip_bad_records = 0;
  std::string split_size;
  std::string memory;
  std::string task_timeout;
  std::string output_format;  // "text", "records" or "fixed"
  bool overwrite = false;
};

// Paths become absolute against the current directory. InvalidArgument with one sentence. What
// only the job or the file system can tell is left to admission.
absl::StatusOr<v1::JobRequest> BuildRequest(const JobFlags& flags);

}  // namespace gristmill::cli
