// What the tasks of an embedded run are told of the stages before theirs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/ids.h"
#include "coordinator/core/coordinator.h"
#include "gristmill/task.h"
#include "gristmill/v1/job.pb.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::cli {

// Makes what tasks read of what the core knows, once for all tasks that it is the same for. Not
// thread-safe; what it hands out does not change. The core and the plan must outlive it.
class EmbeddedInputs {
 public:
  // Map output lies in `spill_directory`.
  EmbeddedInputs(const coordinator::Coordinator& core, const v1::JobPlan& plan,
                 std::string spill_directory)
      : core_(core), plan_(plan), spill_directory_(std::move(spill_directory)) {}

  // For an attempt of the task that starts now.
  worker::TaskInputs Of(const TaskRef& task);

 private:
  std::shared_ptr<const v1::ShuffleSources> SourcesOf(JobId job, std::uint32_t stage);
  StageResults ResultsOf(JobId job, std::uint32_t stage);

  const coordinator::Coordinator& core_;
  const v1::JobPlan& plan_;
  const std::string spill_directory_;
  // By stage: the core's version and the message made of it.
  std::map<std::uint32_t, std::pair<std::uint64_t, std::shared_ptr<const v1::ShuffleSources>>>
      sources_;
  std::map<std::uint32_t, StageResults> results_;
};

}  // namespace gristmill::cli
