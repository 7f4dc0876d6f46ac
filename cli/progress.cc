#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "cli/names.h"
#include "cli/table.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

constexpr DurationMs kWindowMs = 15'000;
constexpr DurationMs kSampleMs = 250;
constexpr std::size_t kBarColumnsMin = 8;
constexpr std::size_t kBarColumnsMax = 40;

// "job-7 wordcount", or the name alone for an embedded run, whose job has no id.
std::string TitleOf(const v1::JobStatus& status) {
  return status.id() == 0 ? status.name()
                          : fmt::format("{} {}", JobName(status.id()), status.name());
}

std::string RenderBar(const v1::StageStatus& stage, std::size_t columns) {
  const std::uint64_t total = std::max<std::uint32_t>(stage.tasks_total(), 1);
  const bool complete = stage.tasks_succeeded() >= stage.tasks_total();
  const std::size_t filled =
      complete ? columns
               : static_cast<std::size_t>(columns * std::uint64_t{stage.tasks_succeeded()} / total);
  std::string bar(filled, '=');
  if (filled < columns && stage.tasks_running() > 0) bar += '>';
  bar.resize(columns, ' ');
  return "[" + bar + "]";
}

std::string RenderCounts(const v1::StageStatus& stage) {
  return fmt::format("{}/{}", GroupDigits(stage.tasks_succeeded()),
                     GroupDigits(stage.tasks_total()));
}

std::string RenderEta(const v1::StageStatus& stage, double tasks_per_second) {
  if (tasks_per_second <= 0 || stage.tasks_succeeded() >= stage.tasks_total()) return "";
  const double left_s = (stage.tasks_total() - stage.tasks_succeeded()) / tasks_per_second;
  return "ETA " + FormatDuration(static_cast<DurationMs>(std::min(left_s, 1e9) * 1000));
}

std::string JoinNotes(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) {
    if (note.empty()) continue;
    if (!text.empty()) text += ", ";
    text += note;
  }
  return text;
}

// What is said of a stage besides its count; where that takes more than `columns`, what matters
// most of it: the time left and what went wrong.
std::string RenderNotes(const v1::StageStatus& stage, double rate,
                        std::size_t columns = std::string::npos) {
  const auto count = [](std::uint64_t number, const char* what) {
    return number == 0 ? std::string() : fmt::format("{} {}", GroupDigits(number), what);
  };
  const bool runs = stage.tasks_running() > 0;
  const std::string running = count(stage.tasks_running(), "running");
  const std::string eta = runs ? RenderEta(stage, rate) : "";
  const std::string failed = count(stage.attempts_failed(), "failed");
  const std::string lost = count(stage.outputs_lost(), "lost");
  const std::string twice = count(stage.copies_started(), "run twice");
  const std::string cut = count(stage.tasks_cut(), "cut");
  const std::string left_out = count(stage.tasks_left_out(), "left out");
  std::string notes;
  for (const std::vector<std::string>& choice :
       {std::vector<std::string>{running, runs ? RenderRate(stage, rate) : "", failed, left_out,
                                 twice, cut, lost},
        {running, eta, failed, left_out, lost},
        {eta, failed, lost},
        {eta}}) {
    notes = JoinNotes(choice);
    if (notes.size() <= columns) break;
  }
  return notes;
}

std::uint64_t ValueOf(const std::vector<v1::Counter>& counters, std::string_view name) {
  const auto at = std::find_if(counters.begin(), counters.end(),
                               [name](const v1::Counter& c) { return c.name() == name; });
  return at == counters.end() ? 0 : at->value();
}

std::string RenderVolume(const std::vector<v1::Counter>& counters, DurationMs elapsed_ms) {
  std::string text;
  if (const std::uint64_t records = ValueOf(counters, "input_records"); records > 0) {
    text += "; read " + CountOf(records, "record");
  }
  if (const std::uint64_t bytes = ValueOf(counters, "input_bytes"); bytes > 0) {
    const double seconds = static_cast<double>(std::max<DurationMs>(elapsed_ms, 1)) / 1000;
    text += fmt::format(", {} at {:.1f} MiB/s", FormatBytes(bytes),
                        static_cast<double>(bytes) / (1024 * 1024) / seconds);
  }
  if (const std::uint64_t records = ValueOf(counters, "output_records"); records > 0) {
    text += fmt::format("; wrote {}, {}", CountOf(records, "record"),
                        FormatBytes(ValueOf(counters, "output_bytes")));
  }
  return text;
}

// A job of more stages shows those under way only.
constexpr int kStagesShownMax = 8;
constexpr std::size_t kNameColumnsMin = 8;  // of a stage's name, with what is behind it

bool IsDone(const v1::StageStatus& stage) {
  return stage.tasks_succeeded() == stage.tasks_total() && stage.tasks_running() == 0;
}

// The indexes of the stages to show: all, or those under way, of a job that rests the next one.
std::vector<int> ShownStages(const v1::JobStatus& status) {
  std::vector<int> shown, waiting;
  for (int i = 0; i < status.stages_size(); ++i) {
    const v1::StageStatus& stage = status.stages(i);
    const bool begun = stage.tasks_succeeded() > 0 || stage.tasks_running() > 0;
    if (status.stages_size() <= kStagesShownMax || (begun && !IsDone(stage))) {
      shown.push_back(i);
    } else if (!IsDone(stage)) {
      waiting.push_back(i);
    }
  }
  if (shown.empty() && !waiting.empty()) shown.push_back(waiting.front());
  if (shown.size() > kStagesShownMax) shown.resize(kStagesShownMax);
  return shown;
}

// "12 of 101 stages done", if not all are shown.
std::string RenderStagesDone(const v1::JobStatus& status) {
  if (status.stages_size() <= kStagesShownMax) return "";
  const auto done = std::count_if(status.stages().begin(), status.stages().end(), IsDone);
  return fmt::format("{} of {} stages done", done, status.stages_size());
}

}  // namespace

void RateMeter::Observe(const v1::JobStatus& status, Instant now) {
  stages_.resize(static_cast<std::size_t>(status.stages_size()));
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const v1::StageStatus& seen = status.stages(static_cast<int>(i));
    Stage& stage = stages_[i];
    if (stage.samples.empty() && seen.tasks_running() == 0) continue;  // it has not begun
    stage.latest = {now, seen.tasks_succeeded()};
    if (stage.samples.empty() || now - stage.samples.back().when >= kSampleMs) {
      stage.samples.push_back(stage.latest);
    }
    while (stage.samples.size() > 1 && now - stage.samples.front().when > kWindowMs) {
      stage.samples.pop_front();
    }
  }
}

double RateMeter::tasks_per_second(std::size_t stage) const {
  if (stage >= stages_.size() || stages_[stage].samples.empty()) return 0;
  const Sample& first = stages_[stage].samples.front();
  const Sample& latest = stages_[stage].latest;
  if (latest.when <= first.when || latest.succeeded <= first.succeeded) return 0;
  return 1000.0 * (latest.succeeded - first.succeeded) /
         static_cast<double>(latest.when - first.when);
}

std::string RenderRate(const v1::StageStatus& stage, double tasks_per_second) {
  const std::string eta = RenderEta(stage, tasks_per_second);
  return eta.empty() ? eta : fmt::format("{:.1f} tasks/s, {}", tasks_per_second, eta);
}

std::vector<std::string> RenderBars(const v1::JobStatus& status, const RateMeter& rates,
                                    DurationMs elapsed_ms, std::size_t width) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{}: {}, {}", TitleOf(status), NameOf(status.state()),
                              FormatDuration(elapsed_ms)));
  if (status.id() != 0) {
    lines.back() += fmt::format(", {} with {}", CountOf(status.workers(), "worker"),
                                CountOf(status.slots(), "slot"));
  }
  if (const std::string done = RenderStagesDone(status); !done.empty()) lines.push_back(done);
  const std::vector<int> shown = ShownStages(status);
  std::size_t name_columns = kNameColumnsMin;
  std::size_t count_columns = 0;
  std::size_t note_columns = 0;
  for (const int i : shown) {
    const double rate = rates.tasks_per_second(static_cast<std::size_t>(i));
    name_columns = std::max(name_columns, StageName(status.stages(i)).size() + 1);
    count_columns = std::max(count_columns, RenderCounts(status.stages(i)).size());
    note_columns = std::max(note_columns, RenderNotes(status.stages(i), rate).size());
  }
  const std::size_t before_notes = name_columns + count_columns + 2;
  const std::size_t text_columns = before_notes + 3 + note_columns;
  const std::size_t bar_columns =
      width > text_columns ? std::min(width - text_columns, kBarColumnsMax) : 0;
  for (const int i : shown) {
    const v1::StageStatus& stage = status.stages(i);
    std::string line = fmt::format("{:<{}}", StageName(stage), name_columns);
    if (bar_columns >= kBarColumnsMin) line += RenderBar(stage, bar_columns) + " ";
    // A line with a bar has room for all of them.
    const std::size_t columns = bar_columns >= kBarColumnsMin ? note_columns
                                : width > before_notes        ? width - before_notes
                                                              : 0;
    line += fmt::format(
        "{:>{}}  {}", RenderCounts(stage), count_columns,
        RenderNotes(stage, rates.tasks_per_second(static_cast<std::size_t>(i)), columns));
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  if (!HasEnded(status.state()) && !status.message().empty()) lines.push_back(status.message());
  for (std::string& line : lines) line.resize(std::min(line.size(), width));
  return lines;
}

std::size_t CountRows(const std::vector<std::size_t>& line_columns, std::size_t terminal_columns) {
  std::size_t rows = 0;
  for (const std::size_t columns : line_columns) {
    rows += columns == 0 ? 1 : (columns + terminal_columns - 1) / terminal_columns;
  }
  return rows;
}

std::string RenderProgressLine(const v1::JobStatus& status, const RateMeter& rates) {
  std::string line = fmt::format("{}: {}", TitleOf(status), NameOf(status.state()));
  if (const std::string done = RenderStagesDone(status); !done.empty()) line += "; " + done;
  for (const int i : ShownStages(status)) {
    const v1::StageStatus& stage = status.stages(i);
    const std::string notes =
        RenderNotes(stage, rates.tasks_per_second(static_cast<std::size_t>(i)));
    line += fmt::format("; {} {}", StageName(stage), RenderCounts(stage));
    if (!notes.empty()) line += fmt::format(" ({})", notes);
  }
  if (!HasEnded(status.state()) && !status.message().empty()) line += "; " + status.message();
  return line;
}

std::string RenderWaysOut(const v1::JobStatus& status) {
  const bool went_wrong = std::ranges::any_of(
      status.stages(), [](const v1::StageStatus& stage) { return stage.attempts_failed() > 0; });
  return fmt::format(
      "{1}'gristmill submit --resume {0} --wait' goes on with it, 'gristmill cancel {0}' gives it "
      "up; it is kept for {2}",
      status.id(), went_wrong ? "mend the cause, then " : "",
      FormatDuration(static_cast<DurationMs>(status.kept_ms())));
}

std::string RenderSummary(const v1::JobStatus& status, const std::vector<v1::Counter>& counters,
                          DurationMs elapsed_ms) {
  if (status.state() == v1::JOB_STATE_SUSPENDED) {
    return fmt::format("{} is suspended: {}; {}", TitleOf(status), status.message(),
                       RenderWaysOut(status));
  }
  std::string line = fmt::format("{} {}", TitleOf(status), NameOf(status.state()));
  if (!HasEnded(status.state())) return line;
  line += fmt::format(" after {}", FormatDuration(elapsed_ms));
  if (status.state() != v1::JOB_STATE_SUCCEEDED) {
    return status.message().empty() ? line : line + ": " + status.message();
  }
  line += RenderVolume(counters, elapsed_ms);
  if (!status.output().empty()) line += " to " + status.output();
  if (status.records_skipped() > 0) line += "; " + RenderSkipped(status);
  if (status.tasks_left_out() > 0) line += "; " + status.message();
  return line;
}

std::string RenderSkipped(const v1::JobStatus& status) {
  std::string text = "skipped " + CountOf(status.records_skipped(), "bad record");
  if (status.state() == v1::JOB_STATE_SUCCEEDED) text += ", see " + status.output() + "/_bad";
  return text;
}

DurationMs ElapsedMs(const v1::JobStatus& status, std::int64_t now_unix_ms) {
  const std::int64_t end = status.finished_unix_ms() > 0 ? status.finished_unix_ms() : now_unix_ms;
  return std::max<DurationMs>(end - status.submitted_unix_ms(), 0);
}

bool HasEnded(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED;
}

}  // namespace gristmill::cli
