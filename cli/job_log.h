// What became of a job's tasks, as TSV: a line for each, below a line that names the columns.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gristmill/v1/job_service.pb.h"

namespace gristmill::cli {

// "Stage Task Attempt Worker Start Seconds State Exit Failures Input": start in seconds since 1970
// and what is not known as "-"; exit is 0 for a task that succeeded, 1 for one that failed.
std::string JobLogHeader();
std::string JobLogLine(const v1::TaskStatus& task);

// Page after page, as a coordinator would give them: see v1::TasksRequest.
using TaskPages = std::function<absl::StatusOr<v1::TasksResponse>(std::uint64_t page_token)>;
// Writes the log of all tasks. Of a file that can't be written says which.
absl::Status WriteJobLog(const std::string& path, const TaskPages& pages);

// That the file can be made, before a job runs whose log it is to be.
absl::Status CheckJobLog(const std::string& path);

}  // namespace gristmill::cli
