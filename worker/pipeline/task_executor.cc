#include "worker/pipeline/task_executor.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/report_limits.h"
#include "storage/file.h"
#include "worker/pipeline/attempt.h"
#include "worker/pipeline/record_text.h"
#include "worker/pipeline/task_error.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kMessageBytesMax = 4 << 10;
constexpr std::size_t kUserMessageBytesMax = 3 << 10;

// Makes text from anywhere fit for a protobuf string.
std::string Sanitise(std::string text) {
  if (text.size() > kMessageBytesMax) text = text.substr(0, kMessageBytesMax - 3) + "...";
  if (IsUtf8(text)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

void SetLost(const LostOutputError& error, v1::TaskReport* report) {
  report->set_outcome(v1::TASK_OUTCOME_FETCH_FAILED);
  report->set_message(Sanitise(error.what()));
  // Those beyond the limit are found lost again when these were made anew.
  const std::size_t count = std::min(error.lost().size(), kReportLostOutputsMax);
  for (std::size_t i = 0; i < count; ++i) {
    const TaskRef& task = error.lost()[i];
    v1::TaskId* const lost = report->add_lost_outputs();
    lost->set_job(task.job.value());
    lost->set_stage(task.stage);
    lost->set_task(task.task);
  }
}

void SetFailed(std::string message, v1::TaskReport* report) {
  report->set_outcome(v1::TASK_OUTCOME_FAILED);
  report->set_message(Sanitise(std::move(message)));
}

// User code threw, at a record unless it was before the first or after the last.
void SetFailedAt(const RecordMark& mark, const std::string& path, std::string message,
                 v1::TaskReport* report) {
  const std::string record = DescribeRecord(mark, path);
  // Whatever is too long, the record is to be seen.
  if (message.size() > kUserMessageBytesMax) {
    message = message.substr(0, kUserMessageBytesMax - 3) + "...";
  }
  SetFailed(record.empty() ? std::move(message) : message + "; " + record, report);
}

void SetBadRecord(const RecordMark& mark, v1::TaskReport* report) {
  if (mark.what() == RecordMark::What::kInputRecord) report->set_bad_record(mark.offset());
}

void SetHandedBack(v1::TaskReport* report) {
  report->clear_bad_record();
  report->set_outcome(v1::TASK_OUTCOME_HANDED_BACK);
  report->set_message(TaskCancelled().what());
}

}  // namespace

void SetMemory(const v1::JobPlan& plan, std::uint64_t bytes, std::uint32_t threads,
               JobContext* context) {
  // The plan's share is of what the job asked for, of which the framework may have only a part.
  const std::uint64_t asked = std::max<std::uint64_t>(plan.request().memory_bytes(), 1);
  const std::uint64_t cache_percent =
      std::min<std::uint64_t>(plan.cache_bytes(), asked) * 100 / asked;
  const std::uint64_t cache_bytes = bytes / 100 * cache_percent;
  if (cache_bytes > 0) context->cache = std::make_shared<TaskCache>(cache_bytes);
  context->task_memory_bytes = (bytes - cache_bytes) / threads;
}

StageResults ResultsOf(v1::Broadcast broadcast) {
  auto& results = *broadcast.mutable_results();
  return std::make_shared<const std::vector<std::string>>(std::make_move_iterator(results.begin()),
                                                          std::make_move_iterator(results.end()));
}

v1::TaskReport ExecuteTask(const JobContext& job, const v1::TaskAssignment& assignment,
                           const TaskInputs& inputs, AttemptControl& control) {
  v1::TaskReport report;
  const auto fail = [&](std::string message) {
    SetBadRecord(*control.mark, &report);
    SetFailedAt(*control.mark, assignment.split().path(), std::move(message), &report);
  };
  try {
    Attempt(job, assignment, inputs, control).Run(&report);
    report.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
    if (const auto cut_at = control.cut.cut_at()) report.set_cut_at(*cut_at);
  } catch (const TaskCancelled&) {
    SetFailed("the job's code threw TaskCancelled but nobody cancelled the attempt", &report);
  } catch (const LostOutputError& error) {
    SetLost(error, &report);
  } catch (const EnvironmentError& error) {
    SetFailed(error.what(), &report);
  } catch (const std::bad_alloc&) {
    fail(job.out_of_memory);
    report.clear_bad_record();
  } catch (const std::exception& error) {
    fail(error.what());
  } catch (...) {
    fail("the job's code threw an exception of unknown type");
  }
  if (report.outcome() != v1::TASK_OUTCOME_SUCCEEDED) {
    report.clear_counters();
    report.clear_result();
    // A job that was cancelled loses its files under the tasks that still run: whatever was
    // thrown then, and TaskCancelled only then, is no failure.
    if (control.cancelled) {
      report.clear_lost_outputs();
      SetHandedBack(&report);
    }
  }
  report.set_attempt(assignment.attempt());
  return report;
}

std::string JobSpillDirectory(const std::string& spill_directory, std::uint64_t job) {
  return fmt::format("{}/job-{}", spill_directory, job);
}

std::string JobFilesDirectory(const std::string& spill_directory, std::uint64_t job) {
  return JobSpillDirectory(spill_directory, job) + "/files";
}

std::string RunFilePath(const std::string& spill_directory, std::uint64_t job, std::uint32_t stage,
                        std::uint32_t task, std::uint64_t attempt) {
  return fmt::format("{}/stage-{}-task-{}-attempt-{}.runs", JobSpillDirectory(spill_directory, job),
                     stage, task, attempt);
}

}  // namespace gristmill::worker
