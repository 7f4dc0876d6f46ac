// How lines of a job's log and its failures look.
#pragma once

#include <string>

#include "gristmill/v1/insight.pb.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/log.pb.h"

namespace gristmill::cli {

// "map-3 attempt 17 | text", or "runner 2 of host:1 | text" where nobody knows which task wrote it;
// with a line end. Control characters are shown as '?'.
std::string RenderLogLine(const v1::LogLine& line, const v1::JobStatus& job,
                          const std::string& worker);

// "map-3 attempt 17 on host:1 failed: …", its further lines indented.
std::string RenderFailure(const v1::FailedAttempt& failure, const v1::JobStatus& job);

}  // namespace gristmill::cli
