// Jobs without code for the tests of this folder: one of each shape. Nothing runs them.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "gristmill/registry.h"

namespace gristmill::coordinator {

inline JobInfo TestJob(std::string name, JobDeclaration declared) {
  JobInfo info;
  info.name = std::move(name);
  info.check_params = [](const ParamMap& params) {
    return params.contains("wrong") ? std::string("there is no parameter 'wrong'") : std::string();
  };
  info.declare = [declared](const ParamMap& params) {
    if (params.contains("throws")) throw std::runtime_error("the moon is full");
    JobDeclaration changed = declared;
    if (params.contains("records")) changed.output_format = OutputFormat::kRecordFile;
    if (params.contains("map-only")) changed.has_shuffle = false;
    return changed;
  };
  return info;
}

// Call once, before anything looks a job up.
inline bool RegisterTestJobs() {
  const InputSpec records{InputFormat::kFixedRecords, 10, {}};
  const InputSpec range{InputFormat::kIntegerRange, 0, {0, 1'000}};
  RegisterJob(TestJob("test-lines", {.has_shuffle = true}));
  RegisterJob(TestJob("test-copy", {}));
  RegisterJob(TestJob("test-sort", {.input = records, .has_shuffle = true, .total_order = true}));
  RegisterJob(TestJob("test-range", {.input = range, .has_shuffle = true}));
  RegisterJob(TestJob("test-programs", {.has_shuffle = true, .knows_records = false}));
  RegisterJob(TestJob("test-one-task", {.has_shuffle = true, .one_task_per_split = true}));
  return true;
}

}  // namespace gristmill::coordinator
