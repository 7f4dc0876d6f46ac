#include "coordinator/rpc/task_input.h"

#include <fmt/format.h>

namespace gristmill::coordinator {

std::optional<v1::Split> SplitOfTask(const v1::JobPlan& plan, const SplitTable& splits,
                                     std::uint32_t stage, std::uint32_t task) {
  switch (plan.stages(static_cast<int>(stage)).kind()) {
    case v1::STAGE_KIND_SAMPLE:
      return splits.Get(SampledSplit(task, splits.size()));
    case v1::STAGE_KIND_MAP:
      return splits.Get(task);
    default:
      return std::nullopt;
  }
}

std::string DescribeTaskInput(const v1::JobPlan& plan, const SplitTable& splits,
                              std::uint32_t stage, std::uint32_t task) {
  if (const auto split = SplitOfTask(plan, splits, stage, task)) return DescribeSplit(*split);
  return fmt::format("partition {}", task);
}

std::string StageName(v1::StageKind kind) {
  switch (kind) {
    case v1::STAGE_KIND_SAMPLE:
      return "sample";
    case v1::STAGE_KIND_MAP:
      return "map";
    case v1::STAGE_KIND_REDUCE:
      return "reduce";
    default:
      return "unknown";
  }
}

}  // namespace gristmill::coordinator
