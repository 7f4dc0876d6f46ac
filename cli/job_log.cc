#include "cli/job_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/status.h"
#include "cli/names.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

std::string Seconds(std::int64_t ms) {
  return fmt::format("{:.3f}", static_cast<double>(ms) / 1000);
}

std::string_view ExitOf(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STATE_SUCCEEDED:
      return "0";
    case v1::TASK_STATE_FAILED:
    case v1::TASK_STATE_LEFT_OUT:
      return "1";
    default:
      return "-";
  }
}

std::string OneLine(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\t' || c == '\n'; }, ' ');
  return text.empty() ? "-" : text;
}

absl::Status CantWrite(const std::string& path) {
  return PermissionDenied("can't write the job log '{}'; choose another file with --job-log", path);
}

}  // namespace

std::string JobLogHeader() {
  return "Stage\tTask\tAttempt\tWorker\tStart\tSeconds\tState\tExit\tFailures\tInput\n";
}

std::string JobLogLine(const v1::TaskStatus& task) {
  const bool known = task.started_unix_ms() > 0;
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", StageName(task), task.id().task(),
                     task.attempt() == 0 ? "-" : std::to_string(task.attempt()),
                     OneLine(task.worker()), known ? Seconds(task.started_unix_ms()) : "-",
                     known ? Seconds(static_cast<std::int64_t>(task.run_ms())) : "-",
                     NameOf(task.state()), ExitOf(task.state()), task.failures(),
                     OneLine(task.split()));
}

absl::Status WriteJobLog(const std::string& path, const TaskPages& pages) {
  std::ofstream file(path);
  file << JobLogHeader();
  std::uint64_t token = 0;
  do {
    GM_ASSIGN_OR_RETURN(const v1::TasksResponse page, pages(token));
    for (const v1::TaskStatus& task : page.tasks()) file << JobLogLine(task);
    token = page.next_page_token();
  } while (token != 0);
  return file.flush() ? absl::OkStatus() : CantWrite(path);
}

absl::Status CheckJobLog(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  return std::ofstream(path, std::ios::app) ? absl::OkStatus() : CantWrite(path);
}

}  // namespace gristmill::cli
