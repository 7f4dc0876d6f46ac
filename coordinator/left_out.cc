#include "coordinator/left_out.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

std::string FailedTasksText(const std::vector<LeftOutTask>& tasks, const v1::JobPlan& plan,
                            const SplitTable& splits) {
  std::string text = "stage\ttask\tinput\treason\n";
  for (const LeftOutTask& left_out : tasks) {
    const TaskRef& ref = left_out.task;
    text +=
        fmt::format("{}\t{}\t{}\t{}\n", StageName(plan.stages(static_cast<int>(ref.stage))),
                    ref.task, OneLine(DescribeTaskInput(plan, splits, ref.stage, left_out.part)),
                    OneLine(left_out.reason));
  }
  return text;
}

}  // namespace gristmill::coordinator
