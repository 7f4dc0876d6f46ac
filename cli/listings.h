// The listings of the cluster as text; each ends with a line end.
#pragma once

#include <cstdint>
#include <string>

#include "gristmill/v1/job_service.pb.h"

namespace gristmill::cli {

std::string RenderJobList(const v1::ListResponse& jobs, std::int64_t now_unix_ms);
std::string RenderJob(const v1::JobStatus& job, std::int64_t now_unix_ms);
std::string RenderTasks(const v1::TasksResponse& tasks);
std::string RenderCounters(const v1::CountersResponse& counters);
std::string RenderWorkers(const v1::WorkersResponse& workers);

}  // namespace gristmill::cli
