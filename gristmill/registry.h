// The jobs of this binary, by name. Registration happens before main; look-ups from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/task.h"

namespace gristmill {

using ParamMap = std::map<std::string, std::string>;

struct ParamInfo {
  std::string name;
  std::string type;           // "bool", "int", "uint", "float", "string", "one of a|b"
  std::string default_value;  // as the user would write it
  std::string help;
};

// What a job is with certain parameters: of which stages it consists, what it reads and writes.
struct JobDeclaration {
  InputSpec input = {};
  OutputFormat output_format = OutputFormat::kText;  // when the request asks for none
  std::uint32_t partitions = 4;                      // likewise
  bool has_shuffle = false;                          // Combine or Reduce
  bool total_order = false;         // partitions are ranges of keys: a sample stage runs first
  bool one_task_per_split = false;  // what Map emits may depend on where splits begin and end
  bool knows_records = true;        // at which it fails (RecordMark), so that they can be skipped
};

// What the framework needs of a job without knowing its types.
struct JobInfo {
  std::string name;
  std::string summary;  // one line
  std::string details;  // paragraphs for `gristmill jobs NAME`; may be empty
  std::vector<ParamInfo> params;
  std::string key_type, value_type;  // of the output, as in the record file: "string", "u64"
  bool writes_output = true;         // false: map-only with None for key and value

  // Checks the parameters (unknown names, types, the job's own Validate). Empty, or one sentence.
  std::function<std::string(const ParamMap&)> check_params;
  // Of checked parameters, or of none: with all of them at their defaults.
  std::function<JobDeclaration(const ParamMap&)> declare;
  // Of checked parameters. One TaskRunner serves one attempt.
  std::function<std::unique_ptr<TaskRunner>(const ParamMap&, const TaskInfo&)> make_task;
};

using JobMap = std::map<std::string, JobInfo, std::less<>>;

// All jobs, sorted by name.
const JobMap& RegisteredJobs();

// Null if there is none of that name.
const JobInfo* FindJob(std::string_view name);

// For GRISTMILL_JOB (job.h). A second job of the same name ends the program with a message.
bool RegisterJob(JobInfo info);

}  // namespace gristmill
