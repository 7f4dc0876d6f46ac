#include "storage/task_input.h"

#include <fmt/format.h>

#include <utility>

namespace gristmill {

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

v1::TaskAssignment MakeAssignment(const v1::JobPlan& plan, const SplitTable& splits,
                                  const TaskRef& task, AttemptId attempt) {
  v1::TaskAssignment assignment;
  assignment.mutable_id()->set_job(task.job.value());
  assignment.mutable_id()->set_stage(task.stage);
  assignment.mutable_id()->set_task(task.task);
  assignment.set_attempt(attempt.value());
  if (auto split = SplitOfTask(plan, splits, task.stage, task.task)) {
    *assignment.mutable_split() = *std::move(split);
  }
  return assignment;
}

std::string DescribeTaskInput(const v1::JobPlan& plan, const SplitTable& splits,
                              std::uint32_t stage, std::uint32_t task) {
  if (const auto split = SplitOfTask(plan, splits, stage, task)) return DescribeSplit(*split);
  return fmt::format("partition {}", task);
}

std::string DescribeTaskFailure(const v1::JobPlan& plan, const SplitTable& splits,
                                const TaskRef& task, std::uint32_t times, std::string_view worker,
                                std::string_view reason) {
  return fmt::format("{} task {} failed {}{}{}: {} ({}{})",
                     StageName(plan.stages(static_cast<int>(task.stage)).kind()), task.task,
                     times == 1 ? "once" : fmt::format("{} times", times),
                     worker.empty() ? "" : ", last on worker ", worker, reason,
                     SplitOfTask(plan, splits, task.stage, task.task) ? "split " : "",
                     DescribeTaskInput(plan, splits, task.stage, task.task));
}

std::string_view StageName(v1::StageKind kind) {
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

}  // namespace gristmill
