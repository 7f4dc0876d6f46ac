// Where a job's time went, for --profile: a table by stage of the data path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// From the counters that every attempt keeps. `slots` could have worked for `elapsed_ms`; what of
// that no task that counts took is idle: waiting, starting, other jobs, attempts that failed.
std::string RenderProfile(const std::vector<v1::Counter>& counters, std::uint32_t slots,
                          DurationMs elapsed_ms);

}  // namespace gristmill::cli
