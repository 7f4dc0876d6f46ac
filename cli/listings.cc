#include "cli/listings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/units.h"
#include "cli/names.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "storage/task_input.h"

namespace gristmill::cli {
namespace {

// Tasks of all stages together: "45/104".
std::string TasksDone(const v1::JobStatus& job) {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  for (const v1::StageStatus& stage : job.stages()) {
    done += stage.tasks_succeeded();
    total += stage.tasks_total();
  }
  return fmt::format("{}/{}", GroupDigits(done), GroupDigits(total));
}

// "waiting (3 ahead)".
std::string StateOf(const v1::JobStatus& job) {
  std::string state(NameOf(job.state()));
  if (job.state() == v1::JOB_STATE_QUEUED) state += fmt::format(" ({} ahead)", job.jobs_ahead());
  return state;
}

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

}  // namespace

std::string RenderJobList(const v1::ListResponse& jobs, std::int64_t now_unix_ms) {
  if (jobs.jobs().empty()) return "no jobs yet; 'gristmill submit' starts one\n";
  std::string notes;  // why those that run don't get on
  Table table({"JOB", "NAME", "STATE", ">TASKS", ">TIME", "OUTPUT"});
  for (const v1::JobStatus& job : jobs.jobs()) {
    table.AddRow({JobName(job.id()), job.name(), StateOf(job), TasksDone(job),
                  FormatDuration(ElapsedMs(job, now_unix_ms)), OrDash(job.output())});
    if (job.state() == v1::JOB_STATE_SUSPENDED) {
      notes += RenderSummary(job, {}, 0) + "\n";
    } else if (job.state() == v1::JOB_STATE_RUNNING && !job.message().empty()) {
      notes += fmt::format("{}: {}\n", JobName(job.id()), job.message());
    }
  }
  return table.Render() + notes;
}

std::string RenderJob(const v1::JobStatus& job, std::int64_t now_unix_ms) {
  std::string text = fmt::format("{} {}: {} {} {}\n", JobName(job.id()), job.name(),
                                 NameOf(job.state()), HasEnded(job.state()) ? "after" : "for",
                                 FormatDuration(ElapsedMs(job, now_unix_ms)));
  if (!job.message().empty()) text += job.message() + "\n";
  if (job.state() == v1::JOB_STATE_SUSPENDED) text += RenderWaysOut(job) + "\n";
  if (job.input_bytes() > 0) text += fmt::format("input   {}\n", FormatBytes(job.input_bytes()));
  if (!job.output().empty()) text += fmt::format("output  {}\n", job.output());
  if (job.records_skipped() > 0) text += RenderSkipped(job) + "\n";
  if (!HasEnded(job.state())) {
    text += fmt::format("cluster {} with {}\n", CountOf(job.workers(), "worker"),
                        CountOf(job.slots(), "slot"));
  }
  Table table({"STAGE", ">DONE", ">TASKS", ">RUNNING", ">FAILED ATTEMPTS", ">LOST OUTPUTS"});
  for (const v1::StageStatus& stage : job.stages()) {
    table.AddRow({std::string(StageName(stage)), GroupDigits(stage.tasks_succeeded()),
                  GroupDigits(stage.tasks_total()), GroupDigits(stage.tasks_running()),
                  GroupDigits(stage.attempts_failed()), GroupDigits(stage.outputs_lost())});
  }
  return text + table.Render();
}

std::string RenderTasks(const v1::TasksResponse& tasks) {
  const bool one_speaks = std::ranges::any_of(
      tasks.tasks(), [](const v1::TaskStatus& task) { return !task.status_text().empty(); });
  std::vector<std::string> titles = {"STAGE",     ">TASK",  "STATE", ">ATTEMPT",
                                     ">FAILURES", "WORKER", "WHAT"};
  if (one_speaks) titles.emplace_back("SAYS");
  Table table(titles);
  for (const v1::TaskStatus& task : tasks.tasks()) {
    std::vector<std::string> cells = {std::string(StageName(task)),
                                      std::to_string(task.id().task()),
                                      std::string(NameOf(task.state())),
                                      task.attempt() == 0 ? "-" : std::to_string(task.attempt()),
                                      std::to_string(task.failures()),
                                      OrDash(task.worker()),
                                      OrDash(task.split())};
    if (one_speaks) cells.push_back(task.status_text());
    table.AddRow(std::move(cells));
  }
  return table.Render();
}

std::string RenderCounters(const v1::CountersResponse& counters) {
  if (counters.counters().empty()) return "no counters yet\n";
  Table table({"COUNTER", ">VALUE"});
  for (const v1::Counter& counter : counters.counters()) {
    table.AddRow({counter.name(), GroupDigits(counter.value())});
  }
  return table.Render();
}

std::string RenderWorkers(const v1::WorkersResponse& workers) {
  if (workers.workers().empty()) {
    return "no workers; start one with 'gristmill worker --coordinator HOST:PORT'\n";
  }
  // What no worker has is not shown.
  const auto& all = workers.workers();
  const bool memory = std::ranges::any_of(all, [](const auto& w) { return w.memory_bytes() > 0; });
  const bool gpus = std::ranges::any_of(all, [](const auto& w) { return w.gpus() > 0; });
  const bool labels = std::ranges::any_of(all, [](const auto& w) { return w.labels_size() > 0; });
  std::vector<std::string> titles = {">WORKER", "NAME", "STATE", ">SLOTS USED"};
  if (memory) titles.push_back(">MEMORY USED");
  if (gpus) titles.push_back(">GPUS USED");
  if (labels) titles.push_back("LABELS");
  titles.insert(titles.end(), {"SHUFFLE ADDRESS", ">LAST HEARD"});
  std::string notes;
  Table table(titles);
  for (const v1::WorkerStatus& worker : workers.workers()) {
    std::vector<std::string> row = {std::to_string(worker.id()), worker.name(),
                                    std::string(NameOf(worker.state())),
                                    fmt::format("{}/{}", worker.slots_used(), worker.slots())};
    if (memory) {
      row.push_back(fmt::format("{}/{}", FormatBytes(worker.memory_bytes_used()),
                                FormatBytes(worker.memory_bytes())));
    }
    if (gpus) row.push_back(fmt::format("{}/{}", worker.gpus_used(), worker.gpus()));
    if (labels) row.push_back(OrDash(fmt::format("{}", fmt::join(worker.labels(), ","))));
    row.push_back(OrDash(worker.shuffle_address()));
    row.push_back(FormatDuration(worker.last_heartbeat_ms()) + " ago");
    table.AddRow(std::move(row));
    if (!worker.note().empty()) {
      notes += fmt::format("worker {} gets {}\n", worker.id(), worker.note());
    }
  }
  return table.Render() + notes;
}

}  // namespace gristmill::cli
