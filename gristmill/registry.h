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

// One of the things that a job reads.
struct InputDeclaration {
  std::string name = {};  // for `--input NAME=PATH`; empty if it is the job's only input
  InputSpec spec = {};
};

enum class StageKind : std::uint8_t {
  kSample,  // reads parts of some splits: RunSample
  kMap,     // a task for each split of its input: RunMap, or RunMapOnly if it writes the output
  kReduce,  // a task for each partition: RunReduceToRuns, or RunReduce if it writes the output
};
enum class ReadBy : std::uint8_t {
  kShuffle,    // each task merges its partition of what all tasks of the other stage wrote as runs
  kBroadcast,  // each task gets the result of every task of the other stage
};

struct EdgeDeclaration {
  std::uint32_t stage = 0;  // that is read: one before the reader
  ReadBy by = ReadBy::kShuffle;
};

// A set of equal tasks. They write sorted runs if a later stage reads them by a shuffle, give a
// result if one does by a broadcast (both is fine), and write the output if it is the last stage.
struct StageDeclaration {
  StageKind kind = StageKind::kMap;
  std::string name = {};                    // for people; empty: that of its kind
  std::uint32_t input = 0;                  // sample and map: index in JobDeclaration::inputs
  std::vector<EdgeDeclaration> edges = {};  // of equal keys, those of the first edge come first
  bool one_task_per_split = false;  // what it makes may depend on where splits begin and end
  // Inputs that its tasks open themselves and read whole, once in each process (TaskInfo::inputs).
  std::vector<std::uint32_t> whole_inputs = {};
  bool one_task = false;  // reduce: it has one partition, however many the job has
};

// What a job is with certain parameters: of which stages it consists, what it reads and writes.
struct JobDeclaration {
  std::vector<InputDeclaration> inputs = std::vector<InputDeclaration>(1);
  std::vector<StageDeclaration> stages = std::vector<StageDeclaration>(1);
  OutputFormat output_format = OutputFormat::kText;  // when the request asks for none
  std::uint32_t partitions = kPartitionsByDefault;   // likewise
  bool knows_records = true;  // at which it fails (RecordMark), so that they can be skipped
  bool caches = false;        // tasks keep things for later ones: half of the memory is for those

  static constexpr std::uint32_t kPartitionsByDefault = 4;
  bool has_shuffle() const;
  bool total_order() const;  // partitions are ranges of keys: a sample stage runs first
};

// Those of a job with one input: map; map and reduce if it has a shuffle; before these sample if
// its partitions are ranges of keys.
std::vector<StageDeclaration> StagesOfOneInput(bool has_shuffle, bool total_order = false,
                                               bool one_task_per_split = false);

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
