// One step of a chain within a task that may run several.
#pragma once

#include <vector>

#include "gristmill/job_concepts.h"
#include "gristmill/job_params.h"
#include "gristmill/task.h"
#include "gristmill/typed_task.h"

namespace gristmill::internal {

// What all parts of a task share.
struct StageParts {
  const ParamMap& params;
  const TaskInfo& info;
  bool reduces = false;  // what it reads is no split, which might be cut
  std::vector<CounterValue> counters = {};

  void Count(const std::vector<CounterValue>& more) {
    counters.insert(counters.end(), more.begin(), more.end());
  }
};

// One step's object with what it needs to run.
template <typename J>
class StepTask {
 public:
  explicit StepTask(StageParts& parts)
      : parts_(parts), task_(OwnParams<J>(parts.params), parts.info) {
    if (parts.reduces || kIsOneTaskPerSplit<J>) task_.SeedRandom(TypedTask<J>::Phase::kMap);
  }

  TypedTask<J>* operator->() { return &task_; }
  J& job() { return task_.job(); }
  TaskContext& context() { return task_.context(); }
  void SetUp() {
    if constexpr (kDeclaresSetup<J>) job().Setup(context());
  }
  // Its counters are the task's now.
  void Done() { parts_.Count(task_.counters()); }

 private:
  StageParts& parts_;
  TypedTask<J> task_;
};

}  // namespace gristmill::internal
