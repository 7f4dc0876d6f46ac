#include "coordinator/skipping.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

v1::Compression CompressionOf(const std::string& path, const v1::InputPlan& input) {
  const auto file = std::find_if(input.files().begin(), input.files().end(),
                                 [&path](const auto& f) { return f.path() == path; });
  return file == input.files().end() ? v1::COMPRESSION_NONE : file->compression();
}

}  // namespace

std::optional<InputRecord> BadRecordOf(const v1::TaskReport& report, const v1::JobPlan& plan,
                                       const SplitTable& splits, std::uint32_t stage,
                                       const TaskPart& part) {
  if (!report.has_bad_record() || plan.request().skip_bad_records() == 0) return std::nullopt;
  const auto split = SplitOfTask(plan, splits, stage, part);
  if (!split) return std::nullopt;
  if (!MayHoldRecordAt(InputOfStage(plan, stage), *split, report.bad_record())) return std::nullopt;
  return InputRecord{split->path(), report.bad_record()};
}

void TellSkips(const SkippedRecords& skipped, v1::TaskAssignment* assignment) {
  const v1::Split& split = assignment->split();
  const bool whole = split.compression() != v1::COMPRESSION_NONE;
  for (auto next = skipped.lower_bound({split.path(), whole ? 0 : split.offset()});
       next != skipped.end() && next->first.path == split.path(); ++next) {
    if (!whole && next->first.offset - split.offset() >= split.length()) return;
    assignment->add_skip_offsets(next->first.offset);
  }
}

std::vector<SetAsideRecord> SetAsideOf(const SkippedRecords& skipped, const v1::JobPlan& plan) {
  std::vector<SetAsideRecord> records;
  for (const auto& [record, skip] : skipped) {
    SetAsideRecord& set_aside = records.emplace_back();
    set_aside.path = record.path;
    set_aside.compression = CompressionOf(record.path, InputOfStage(plan, skip.stage));
    set_aside.offset = record.offset;
    set_aside.task =
        fmt::format("{} {}", StageName(plan.stages(static_cast<int>(skip.stage))), skip.task);
    set_aside.reason = skip.reason;
  }
  return records;
}

}  // namespace gristmill::coordinator
