#include "cli/dry_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/units.h"
#include "cli/table.h"
#include "storage/split_planner.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

// Files and splits that are shown one by one.
constexpr int kFilesShownMax = 10;
constexpr std::uint32_t kSplitsShownMax = 10;

bool IsRange(const v1::InputPlan& input) {
  return input.format() == v1::INPUT_FORMAT_INTEGER_RANGE;
}

std::uint64_t SizeOf(const v1::InputPlan& input, const v1::Split& split) {
  return IsRange(input) ? static_cast<std::uint64_t>(split.range_end() - split.range_begin())
                        : split.length();
}

std::string FormatSize(const v1::InputPlan& input, std::uint64_t size) {
  return IsRange(input) ? CountOf(size, "integer") : FormatBytes(size);
}

void AddLine(std::string* text, std::string_view what, std::string_view value) {
  if (!value.empty()) *text += fmt::format("{:<14}{}\n", what, value);
}

std::string DescribeInput(const v1::InputPlan& input) {
  if (IsRange(input)) return fmt::format("[{}, {})", input.range_begin(), input.range_end());
  return fmt::format("{}, {}", CountOf(static_cast<std::uint64_t>(input.files_size()), "file"),
                     FormatBytes(InputBytes(input)));
}

struct SplitSizes {
  std::uint32_t count = 0;
  std::uint64_t smallest = 0, largest = 0;
};

SplitSizes SizesOf(const v1::JobPlan& plan, const SplitTable& splits, std::uint32_t index) {
  const v1::InputPlan& input = plan.inputs(static_cast<int>(index));
  SplitSizes sizes{splits.size(index)};
  for (std::uint32_t i = 0; i < sizes.count; ++i) {
    const std::uint64_t size = SizeOf(input, splits.Get(i, index));
    sizes.smallest = i == 0 ? size : std::min(sizes.smallest, size);
    sizes.largest = std::max(sizes.largest, size);
  }
  return sizes;
}

std::string Describe(const SplitSizes& sizes, const v1::InputPlan& input) {
  if (sizes.count == 0) return "none";
  const std::string largest = FormatSize(input, sizes.largest);
  if (sizes.smallest == sizes.largest) {
    return fmt::format("{} of {}", GroupDigits(sizes.count), largest);
  }
  return fmt::format("{} of {} to {}", GroupDigits(sizes.count), FormatSize(input, sizes.smallest),
                     largest);
}

std::string_view FormatName(v1::OutputFormat format) {
  switch (format) {
    case v1::OUTPUT_FORMAT_FIXED_RECORDS:
      return "fixed records";
    case v1::OUTPUT_FORMAT_RECORD_FILE:
      return "record files";
    default:
      return "text";
  }
}

std::string DescribeOutput(const v1::JobPlan& plan) {
  const v1::JobRequest& request = plan.request();
  if (request.output().empty()) return "none";
  return fmt::format("{}: {} as {}{}", request.output(), CountOf(plan.output_files(), "file"),
                     FormatName(plan.output_format()), request.overwrite() ? ", overwriting" : "");
}

std::string DescribeNeeds(const v1::JobRequest& request) {
  std::string text = CountOf(request.task_cpus(), "slot");
  if (request.task_memory_bytes() > 0) {
    text += fmt::format(", {} of memory", FormatBytes(request.task_memory_bytes()));
  }
  if (request.task_gpus() > 0) text += ", " + CountOf(request.task_gpus(), "GPU");
  if (request.required_labels_size() > 0) {
    text += fmt::format(", on workers with {}", fmt::join(request.required_labels(), ", "));
  }
  return text;
}

std::string DescribeFailures(const v1::JobRequest& request) {
  std::string text = fmt::format("{} {} of a task", request.max_attempts(),
                                 request.max_attempts() == 1 ? "try" : "tries");
  if (request.task_timeout_ms() > 0) {
    text += fmt::format(", each of {} at most",
                        FormatDuration(static_cast<DurationMs>(request.task_timeout_ms())));
  } else if (request.task_timeout_percent() > 0) {
    text += fmt::format(", each of {}% of the median at most", request.task_timeout_percent());
  }
  const std::string fails =
      request.hold_ms() == 0
          ? "fails"
          : fmt::format("is suspended for {}",
                        FormatDuration(static_cast<DurationMs>(request.hold_ms())));
  if (request.halt_percent() > 0) {
    return text + fmt::format("; {} with {}% of a stage's tasks", fails, request.halt_percent());
  }
  return text + fmt::format("; {} with {}", fails,
                            CountOf(std::max(request.halt_failures(), 1u), "failed task"));
}

std::string RenderFiles(const v1::InputPlan& input) {
  if (input.files().empty()) return "";
  Table table({"FILE", ">SIZE"});
  for (int i = 0; i < std::min(input.files_size(), kFilesShownMax); ++i) {
    table.AddRow({input.files(i).path(), FormatBytes(input.files(i).bytes())});
  }
  std::string text = "\n" + table.Render();
  if (input.files_size() > kFilesShownMax) {
    text +=
        fmt::format("… and {} more\n",
                    GroupDigits(static_cast<std::uint64_t>(input.files_size() - kFilesShownMax)));
  }
  return text;
}

std::string RenderStages(const v1::JobPlan& plan) {
  Table table({"STAGE", ">TASKS", "READS"});
  for (const v1::StagePlan& stage : plan.stages()) {
    std::string reads;
    for (const v1::StageEdge& edge : stage.inputs()) {
      const v1::StagePlan& from = plan.stages(static_cast<int>(edge.from_stage()));
      reads += fmt::format("{}{} of {}", reads.empty() ? "" : ", ",
                           edge.kind() == v1::EDGE_KIND_SHUFFLE ? "shuffle" : "results",
                           StageName(from));
    }
    if (stage.kind() != v1::STAGE_KIND_REDUCE) reads = reads.empty() ? "input" : "input, " + reads;
    table.AddRow({std::string(StageName(stage)), GroupDigits(stage.task_count()), reads});
  }
  return "\n" + table.Render();
}

std::string RenderSplits(const v1::InputPlan& input, const SplitTable& splits,
                         std::uint32_t index) {
  if (splits.size(index) == 0) return "";
  Table table({">SPLIT", "WHAT", ">SIZE"});
  for (std::uint32_t i = 0; i < std::min(splits.size(index), kSplitsShownMax); ++i) {
    const v1::Split split = splits.Get(i, index);
    table.AddRow(
        {std::to_string(i), DescribeSplit(split), FormatSize(input, SizeOf(input, split))});
  }
  std::string text = "\n" + table.Render();
  if (splits.size(index) > kSplitsShownMax) {
    text += fmt::format("… and {} more\n", GroupDigits(splits.size(index) - kSplitsShownMax));
  }
  return text;
}

}  // namespace

v1::DryRunReport DryRunReportOf(const v1::JobPlan& plan, std::string note) {
  v1::DryRunReport report;
  *report.mutable_plan() = plan;
  report.set_input_bytes(InputBytes(plan));
  const SplitTable splits(plan);
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(plan.inputs_size()); ++i) {
    const SplitSizes sizes = SizesOf(plan, splits, i);
    if (sizes.count == 0) continue;
    report.set_smallest_split(
        report.splits() == 0 ? sizes.smallest : std::min(report.smallest_split(), sizes.smallest));
    report.set_largest_split(std::max(report.largest_split(), sizes.largest));
    report.set_splits(report.splits() + sizes.count);
  }
  report.set_note(std::move(note));
  return report;
}

std::string RenderDryRun(const v1::JobPlan& plan, std::string_view note) {
  const v1::JobRequest& request = plan.request();
  const SplitTable splits(plan);
  std::string text = fmt::format("job {} would run; nothing was made\n", request.job());
  std::string files;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(plan.inputs_size()); ++i) {
    const v1::InputPlan& input = plan.inputs(static_cast<int>(i));
    const std::string name = input.name().empty() ? "" : " " + input.name();
    AddLine(&text, "input" + name, DescribeInput(input));
    AddLine(&text, "splits" + name, Describe(SizesOf(plan, splits, i), input));
    files += RenderFiles(input) + RenderSplits(input, splits, i);
  }
  AddLine(&text, "output", DescribeOutput(plan));
  AddLine(&text, "memory", fmt::format("{} of a process", FormatBytes(request.memory_bytes())));
  AddLine(&text, "a task takes", DescribeNeeds(request));
  AddLine(&text, "failures", DescribeFailures(request));
  for (const v1::ShippedFile& file : request.files()) {
    AddLine(&text, "brings", fmt::format("{}, {}", file.name(), FormatBytes(file.bytes())));
  }
  AddLine(&text, "waits", note);
  return text + RenderStages(plan) + files;
}

}  // namespace gristmill::cli
