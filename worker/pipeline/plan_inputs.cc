#include "worker/pipeline/plan_inputs.h"

#include "worker/pipeline/block_source.h"

namespace gristmill::worker {

const SplitTable& PlanInputs::Splits(std::uint32_t input) {
  if (input >= static_cast<std::uint32_t>(plan_.inputs_size())) {
    throw TaskError("the task asks for an input that the job's plan does not have");
  }
  if (!splits_) splits_.emplace(plan_);
  return *splits_;
}

std::uint32_t PlanInputs::CountSplits(std::uint32_t input) { return Splits(input).size(input); }

std::unique_ptr<InputSource> PlanInputs::Open(std::uint32_t input, std::uint32_t split,
                                              std::string* path) {
  const v1::Split found = Splits(input).Get(split, input);
  const v1::InputPlan& plan = plan_.inputs(static_cast<int>(input));
  SourceOptions options;
  options.format = plan.format();
  options.record_bytes = plan.record_bytes();
  options.record_bytes_max = RecordBytesMax(task_memory_bytes_);
  *path = found.path();
  return MakeBlockSource(found, options, cancelled_);
}

}  // namespace gristmill::worker
