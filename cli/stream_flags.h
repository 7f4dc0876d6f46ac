// The flags of the job "stream", which become its parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// As typed.
struct StreamFlags {
  std::optional<std::string> mapper, combiner, reducer;
  std::optional<std::string> separator;
  std::optional<std::uint32_t> key_fields, partition_fields;
  std::optional<std::string> sort;
  std::vector<std::string> environment;  // NAME=VALUE
};

// Adds the parameters of the flags that were given. InvalidArgument with one sentence if the job is
// another one, or has them already.
absl::Status AddStreamParams(const StreamFlags& flags, v1::JobRequest* request);

// For whoever forgot --file: a sentence about a file of the current directory that a command of the
// job names and that does not come with the job, where it would look for it. Empty if there is
// none.
std::string HintAtForgottenFile(const v1::JobRequest& request);

}  // namespace gristmill::cli
