// Jobs without code for the tests of this folder: one of each shape. Nothing runs them.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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
    if (params.contains("map-only")) changed.stages = StagesOfOneInput(false);
    if (params.contains("caches")) changed.caches = true;
    if (params.contains("right-whole")) {
      changed.stages = {{.kind = StageKind::kMap, .input = 0, .whole_inputs = {1}}};
    }
    return changed;
  };
  return info;
}

// Lines of two inputs meet, then their counts.
inline JobDeclaration JoinDeclaration() {
  JobDeclaration join;
  join.inputs = {{.name = "left"}, {.name = "right", .spec = {InputFormat::kFixedRecords, 10, {}}}};
  join.stages = {{.kind = StageKind::kMap, .input = 0},
                 {.kind = StageKind::kMap, .input = 1},
                 {.kind = StageKind::kReduce, .edges = {{0}, {1}}},
                 {.kind = StageKind::kReduce,
                  .name = "total",
                  .edges = {{2, ReadBy::kShuffle}, {1, ReadBy::kBroadcast}},
                  .one_task = true}};
  return join;
}

// Call once, before anything looks a job up.
inline bool RegisterTestJobs() {
  const InputDeclaration records{"", {InputFormat::kFixedRecords, 10, {}}};
  const InputDeclaration range{"", {InputFormat::kIntegerRange, 0, {0, 1'000}}};
  const std::vector<StageDeclaration> shuffle = StagesOfOneInput(true);
  RegisterJob(TestJob("test-lines", {.stages = shuffle}));
  RegisterJob(TestJob("test-copy", {}));
  RegisterJob(TestJob("test-sort", {.inputs = {records}, .stages = StagesOfOneInput(true, true)}));
  RegisterJob(TestJob("test-range", {.inputs = {range}, .stages = shuffle}));
  RegisterJob(TestJob("test-programs", {.stages = shuffle, .knows_records = false}));
  RegisterJob(TestJob("test-one-task", {.stages = StagesOfOneInput(true, false, true)}));
  RegisterJob(TestJob("test-join", JoinDeclaration()));
  return true;
}

}  // namespace gristmill::coordinator
