#include "storage/task_input.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace gristmill {

namespace {

bool IsRange(const v1::Split& split) { return split.path().empty(); }

std::uint64_t LengthOf(const v1::Split& split) {
  if (!IsRange(split)) return split.length();
  return static_cast<std::uint64_t>(split.range_end()) -
         static_cast<std::uint64_t>(split.range_begin());
}

v1::Split PartOf(v1::Split split, const TaskPart& part) {
  const std::uint64_t begin = std::min(part.begin, LengthOf(split));
  const std::uint64_t end = std::clamp(part.end, begin, LengthOf(split));
  if (IsRange(split)) {
    const auto origin = static_cast<std::uint64_t>(split.range_begin());
    split.set_range_begin(static_cast<std::int64_t>(origin + begin));
    split.set_range_end(static_cast<std::int64_t>(origin + end));
  } else {
    split.set_offset(split.offset() + begin);
    split.set_length(end - begin);
  }
  return split;
}

std::string_view NameOr(const std::string& name, v1::StageKind kind) {
  return name.empty() ? StageName(kind) : std::string_view(name);
}

}  // namespace

std::optional<v1::Split> SplitOfTask(const v1::JobPlan& plan, const SplitTable& splits,
                                     std::uint32_t stage, const TaskPart& part) {
  const v1::StagePlan& reader = plan.stages(static_cast<int>(stage));
  switch (reader.kind()) {
    case v1::STAGE_KIND_SAMPLE:
      return splits.Get(SampledSplit(part.planned, splits.size(reader.input())), reader.input());
    case v1::STAGE_KIND_MAP:
      return PartOf(splits.Get(part.planned, reader.input()), part);
    default:
      return std::nullopt;
  }
}

absl::Status CheckCut(const v1::JobPlan& plan, const SplitTable& splits, std::uint32_t stage,
                      const TaskPart& part, std::uint64_t cut_at) {
  const auto split = SplitOfTask(plan, splits, stage, part);
  const bool possible = plan.stages(static_cast<int>(stage)).may_be_cut() && split &&
                        split->compression() == v1::COMPRESSION_NONE;
  const v1::InputPlan& input = InputOfStage(plan, stage);
  const bool fixed = input.format() == v1::INPUT_FORMAT_FIXED_RECORDS;
  const std::uint64_t unit = fixed ? std::max<std::uint64_t>(input.record_bytes(), 1) : 1;
  if (possible && cut_at > 0 && cut_at <= LengthOf(*split) && cut_at % unit == 0) {
    return absl::OkStatus();
  }
  return InvalidArgument("the worker says that it cut the task's input at {}, where that can't be",
                         cut_at);
}

const v1::InputPlan& InputOfStage(const v1::JobPlan& plan, std::uint32_t stage) {
  return plan.inputs(static_cast<int>(plan.stages(static_cast<int>(stage)).input()));
}

bool MayHoldRecordAt(const v1::InputPlan& input, const v1::Split& split, std::uint64_t offset) {
  switch (input.format()) {
    case v1::INPUT_FORMAT_TEXT_LINES:
      break;
    case v1::INPUT_FORMAT_FIXED_RECORDS:
      if (offset % std::max<std::uint64_t>(input.record_bytes(), 1) != 0) return false;
      break;
    case v1::INPUT_FORMAT_WHOLE_FILES:
      return offset == 0;
    default:
      return false;
  }
  if (split.compression() != v1::COMPRESSION_NONE) return true;
  return offset >= split.offset() && offset - split.offset() < split.length();
}

v1::TaskAssignment MakeAssignment(const v1::JobPlan& plan, const SplitTable& splits,
                                  const TaskRef& task, const TaskPart& part, AttemptId attempt) {
  v1::TaskAssignment assignment;
  assignment.mutable_id()->set_job(task.job.value());
  assignment.mutable_id()->set_stage(task.stage);
  assignment.mutable_id()->set_task(task.task);
  assignment.set_attempt(attempt.value());
  if (auto split = SplitOfTask(plan, splits, task.stage, part)) {
    *assignment.mutable_split() = *std::move(split);
  }
  return assignment;
}

std::string DescribeTaskInput(const v1::JobPlan& plan, const SplitTable& splits,
                              std::uint32_t stage, const TaskPart& part) {
  if (const auto split = SplitOfTask(plan, splits, stage, part)) return DescribeSplit(*split);
  return fmt::format("partition {}", part.planned);
}

std::string DescribeTaskFailure(const v1::JobPlan& plan, const SplitTable& splits,
                                const TaskRef& task, const TaskPart& part, std::uint32_t times,
                                std::string_view worker, std::string_view reason) {
  return fmt::format("{} task {} failed {}{}{}: {} ({}{})",
                     StageName(plan.stages(static_cast<int>(task.stage))), task.task,
                     times == 1 ? "once" : fmt::format("{} times", times),
                     worker.empty() ? "" : ", last on worker ", worker, reason,
                     SplitOfTask(plan, splits, task.stage, part) ? "split " : "",
                     DescribeTaskInput(plan, splits, task.stage, part));
}

std::string_view StageName(const v1::StagePlan& stage) {
  return NameOr(stage.name(), stage.kind());
}
std::string_view StageName(const v1::StageStatus& stage) {
  return NameOr(stage.name(), stage.kind());
}
std::string_view StageName(const v1::TaskStatus& task) {
  return NameOr(task.stage_name(), task.stage_kind());
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
