// The flags by which a user controls how a job's tasks run, in the manner of GNU parallel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// As typed. Empty and zero mean "not given".
struct ControlFlags {
  std::optional<std::uint32_t> task_cpus = {};
  std::string task_memory = {};  // a size
  std::uint32_t task_gpus = 0;
  std::vector<std::string> require = {};  // labels
  std::string task_timeout = {};          // a duration, or a percentage of the median: "300%"
  std::string halt = {};                  // "fail=3", "fail=5%", with "now," before it or not
  std::string hold = {};                  // a duration
  bool keep_order = false;
  bool dry_run = false;
  std::string job_log = {};  // a file
};

// What of it is the request's. InvalidArgument with one sentence.
absl::Status AddControl(const ControlFlags& flags, v1::JobRequest* request);

// Fails where --keep-order would promise what the plan does not keep: that the output files, one
// after the other, are in the order of the input.
absl::Status CheckKeepOrder(const ControlFlags& flags, const v1::JobPlan& plan);

}  // namespace gristmill::cli
