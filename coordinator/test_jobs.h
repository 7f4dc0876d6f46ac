// Jobs without code for the tests of this folder: one of each shape. Nothing runs them.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "gristmill/registry.h"

namespace gristmill::coordinator {

inline JobInfo TestJob(std::string name, InputSpec input, bool has_shuffle, bool total_order) {
  JobInfo info;
  info.name = std::move(name);
  info.has_shuffle = has_shuffle;
  info.total_order = total_order;
  info.check_params = [](const ParamMap& params) {
    return params.contains("wrong") ? std::string("there is no parameter 'wrong'") : std::string();
  };
  info.input = [input](const ParamMap& params) {
    if (params.contains("throws")) throw std::runtime_error("the moon is full");
    return input;
  };
  info.format = [](const ParamMap& params) {
    return params.contains("records") ? OutputFormat::kRecordFile : OutputFormat::kText;
  };
  return info;
}

// Call once, before anything looks a job up.
inline bool RegisterTestJobs() {
  RegisterJob(TestJob("test-lines", {InputFormat::kTextLines, 0, {}}, true, false));
  RegisterJob(TestJob("test-copy", {InputFormat::kTextLines, 0, {}}, false, false));
  RegisterJob(TestJob("test-sort", {InputFormat::kFixedRecords, 10, {}}, true, true));
  RegisterJob(TestJob("test-range", {InputFormat::kIntegerRange, 0, {0, 1'000}}, true, false));
  JobInfo one_task = TestJob("test-one-task", {InputFormat::kTextLines, 0, {}}, true, false);
  one_task.one_task_per_split = true;
  RegisterJob(std::move(one_task));
  return true;
}

}  // namespace gristmill::coordinator
