// The words by which people name jobs, states and stages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.pb.h"

namespace gristmill::cli {

// "7" and "job-7".
absl::StatusOr<std::uint64_t> ParseJobId(std::string_view text);
// "job-7".
std::string JobName(std::uint64_t job);

std::string_view NameOf(v1::JobState state);
std::string_view NameOf(v1::TaskState state);
std::string_view NameOf(v1::WorkerState state);

}  // namespace gristmill::cli
