#include "cli/hadoop_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/names.h"
#include "cli/progress.h"

namespace gristmill::cli {
namespace {

constexpr std::string_view kJobLogger = "mapreduce.Job";
constexpr std::string_view kStreamLogger = "streaming.StreamJob";
constexpr std::string_view kFramework = "Map-Reduce Framework";

struct Renamed {
  std::string_view ours, group, theirs;
};
constexpr std::array kRenamed = {
    Renamed{"input_records", kFramework, "Map input records"},
    Renamed{"map_output_pairs", kFramework, "Map output records"},
    Renamed{"combine_output_pairs", kFramework, "Combine output records"},
    Renamed{"shuffle_bytes", kFramework, "Reduce shuffle bytes"},
    Renamed{"reduce_groups", kFramework, "Reduce input groups"},
    Renamed{"input_bytes", "File Input Format Counters ", "Bytes Read"},
    Renamed{"output_bytes", "File Output Format Counters ", "Bytes Written"},
};

// Of the stages of a kind together, in whole percent: of 100 only when all is done.
int PercentOf(const v1::JobStatus& status, v1::StageKind kind) {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  for (const v1::StageStatus& stage : status.stages()) {
    if (stage.kind() != kind) continue;
    done += stage.tasks_succeeded() + stage.tasks_left_out();
    total += stage.tasks_total();
  }
  return total == 0 ? 0 : static_cast<int>(done * 100 / total);
}

std::uint64_t TasksOf(const v1::JobStatus& status, v1::StageKind kind) {
  std::uint64_t tasks = 0;
  for (const v1::StageStatus& stage : status.stages()) {
    if (stage.kind() == kind) tasks += stage.tasks_succeeded() + stage.attempts_failed();
  }
  return tasks;
}

bool HasReduces(const v1::JobStatus& status) {
  return std::ranges::any_of(status.stages(), [](const v1::StageStatus& stage) {
    return stage.kind() == v1::STAGE_KIND_REDUCE;
  });
}

}  // namespace

std::string HadoopJobId(const v1::JobStatus& status) {
  if (status.id() == 0) return fmt::format("job_local{}_0001", getpid());
  return fmt::format("job_{}_{:04}", status.submitted_unix_ms(), status.id());
}

std::string RenderHadoopCounters(const v1::JobStatus& status,
                                 const std::vector<v1::Counter>& counters) {
  // In the order of their first counter below; those of the programs last.
  std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::uint64_t>>>> groups;
  const auto add = [&groups](std::string_view group, std::string_view name, std::uint64_t value) {
    auto found = std::ranges::find_if(groups, [&](const auto& g) { return g.first == group; });
    if (found == groups.end()) found = groups.insert(groups.end(), {std::string(group), {}});
    found->second.emplace_back(name, value);
  };
  std::uint64_t failed_maps = 0;
  std::uint64_t failed_reduces = 0;
  for (const v1::StageStatus& stage : status.stages()) {
    (stage.kind() == v1::STAGE_KIND_REDUCE ? failed_reduces : failed_maps) +=
        stage.attempts_failed();
  }
  if (failed_maps > 0) add("Job Counters ", "Failed map tasks", failed_maps);
  if (failed_reduces > 0) add("Job Counters ", "Failed reduce tasks", failed_reduces);
  add("Job Counters ", "Launched map tasks", TasksOf(status, v1::STAGE_KIND_MAP));
  if (HasReduces(status)) {
    add("Job Counters ", "Launched reduce tasks", TasksOf(status, v1::STAGE_KIND_REDUCE));
  }
  std::map<std::string_view, std::uint64_t> values;
  for (const v1::Counter& counter : counters) values[counter.name()] = counter.value();
  for (const Renamed& renamed : kRenamed) {
    const auto found = values.find(renamed.ours);
    if (found != values.end() && renamed.group == kFramework) {
      add(renamed.group, renamed.theirs, found->second);
    }
  }
  if (const auto found = values.find("output_records"); found != values.end()) {
    add(kFramework, HasReduces(status) ? "Reduce output records" : "Map output records",
        found->second);
  }
  for (const Renamed& renamed : kRenamed) {
    const auto found = values.find(renamed.ours);
    if (found != values.end() && renamed.group != kFramework) {
      add(renamed.group, renamed.theirs, found->second);
    }
  }
  for (const auto& [name, value] : values) {
    const bool is_told = name == "output_records" ||
                         std::ranges::any_of(kRenamed, [name = name](const Renamed& renamed) {
                           return renamed.ours == name;
                         });
    const std::size_t dot = name.find('.');
    if (is_told) continue;
    if (dot == name.npos) {
      add("Gristmill", name, value);
    } else {
      add(name.substr(0, dot), name.substr(dot + 1), value);
    }
  }
  std::size_t count = 0;
  std::string text;
  for (const auto& [group, lines] : groups) {
    text += "\n\t" + group;
    for (const auto& [name, value] : lines) text += fmt::format("\n\t\t{}={}", name, value);
    count += lines.size();
  }
  return fmt::format("Counters: {}{}", count, text);
}

void HadoopProgress::Log(std::string_view level, std::string_view logger, const std::string& text) {
  const std::string time =
      absl::FormatTime("%Y-%m-%d %H:%M:%E3S", absl::Now(), absl::LocalTimeZone());
  std::string comma_time = time;
  std::replace(comma_time.begin(), comma_time.end(), '.', ',');
  print_(fmt::format("{} {} {}: {}\n", comma_time, level, logger, text));
}

void HadoopProgress::Update(const v1::JobStatus& status) {
  const std::string id = HadoopJobId(status);
  if (!std::exchange(begun_, true)) {
    Log("INFO", kJobLogger, "Running job: " + id);
    if (status.id() != 0) {
      Log("INFO", kStreamLogger,
          fmt::format("It is {0}: 'gristmill explain {0}' tells why it waits or is slow",
                      JobName(status.id())));
    }
    Log("INFO", kJobLogger, fmt::format("Job {} running in uber mode : false", id));
  }
  std::string line = fmt::format(" map {}% reduce {}%", PercentOf(status, v1::STAGE_KIND_MAP),
                                 PercentOf(status, v1::STAGE_KIND_REDUCE));
  if (line == last_) return;
  Log("INFO", kJobLogger, line);
  last_ = std::move(line);
}

void HadoopProgress::End(const v1::JobStatus& status, const std::vector<v1::Counter>& counters) {
  Update(status);
  const std::string id = HadoopJobId(status);
  const bool succeeded = status.state() == v1::JOB_STATE_SUCCEEDED;
  if (succeeded) {
    Log("INFO", kJobLogger, fmt::format("Job {} completed successfully", id));
  } else {
    Log("INFO", kJobLogger,
        fmt::format("Job {} failed with state {} due to: {}", id,
                    status.state() == v1::JOB_STATE_CANCELLED ? "KILLED" : "FAILED",
                    status.state() == v1::JOB_STATE_SUSPENDED ? RenderSummary(status, {}, 0)
                                                              : status.message()));
  }
  Log("INFO", kJobLogger, RenderHadoopCounters(status, counters));
  if (succeeded) {
    Log("INFO", kStreamLogger, "Output directory: " + status.output());
  } else {
    Log("ERROR", kStreamLogger, "Job not successful!");
    print_("Streaming Command Failed!\n");
  }
}

}  // namespace gristmill::cli
