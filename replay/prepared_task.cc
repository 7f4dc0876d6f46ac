#include "replay/prepared_task.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "base/task_part.h"
#include "cli/task_pool.h"
#include "gristmill/v1/replay.pb.h"
#include "plugin/job_object.h"
#include "storage/file.h"
#include "storage/shipped_files.h"
#include "storage/split_planner.h"
#include "storage/task_input.h"
#include "worker/pipeline/task_executor.h"

namespace gristmill::replay {
namespace {

constexpr std::uint64_t kJob = 1;  // of the files in the spill directory
constexpr DurationMs kWaitMs = 1'000;

std::string TaskFile(const std::string& directory) { return directory + "/task"; }
std::string FilesDirectory(const std::string& directory) { return directory + "/files"; }

// `job` is null if it is one of this binary.
worker::JobContext MakeContext(const v1::JobPlan& plan, const JobInfo* job,
                               const std::string& directory, std::uint32_t threads) {
  worker::JobContext context;
  context.info = job;
  context.job = kJob;
  context.plan = plan;
  context.spill_directory = directory + "/spill";
  context.directory = FilesDirectory(directory);
  worker::SetMemory(plan, plan.request().memory_bytes(), threads, &context);
  return context;
}

worker::TaskInputs InputsOf(const v1::ReplayTask& task) {
  worker::TaskInputs inputs;
  for (const v1::ShuffleSources& sources : task.sources()) {
    inputs.sources[sources.stage()] = std::make_shared<const v1::ShuffleSources>(sources);
  }
  for (const v1::Broadcast& broadcast : task.broadcasts()) {
    inputs.broadcasts[broadcast.stage()] = worker::ResultsOf(broadcast);
  }
  return inputs;
}

absl::Status WorkIn(const std::string& directory) {
  if (chdir(directory.c_str()) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("can't work in '{}'", directory));
}

// Where tasks find them, read-only, as on a worker.
absl::Status PlaceFiles(const v1::JobRequest& request, const std::string& directory,
                        const FetchFile& fetch) {
  GM_ASSIGN_OR_RETURN(const auto store, BlobStore::Open(directory + "/blobs", {}));
  for (const v1::ShippedFile& file : request.files()) {
    GM_RETURN_IF_ERROR(fetch(file, store.get()));
  }
  GM_RETURN_IF_ERROR(MakeFilesDirectory(request, store.get(), FilesDirectory(directory)));
  return WorkIn(FilesDirectory(directory));
}

// The stages whose output the stage reads, themselves or through others.
std::vector<bool> StagesBefore(const v1::JobPlan& plan, std::uint32_t stage) {
  std::vector<bool> needed(stage + 1, false);
  needed[stage] = true;
  for (std::uint32_t reader = stage + 1; reader-- > 0;) {
    if (!needed[reader]) continue;
    for (const v1::StageEdge& edge : plan.stages(static_cast<int>(reader)).inputs()) {
      needed[edge.from_stage()] = true;
    }
  }
  needed.pop_back();
  return needed;
}

// Runs the stages before a task, one after the other.
class Upstream {
 public:
  Upstream(v1::ReplayTask* task, const JobInfo* job, const std::string& directory,
           std::uint32_t threads, const OnProgress& on_progress)
      : task_(task),
        context_(MakeContext(task->plan(), job, directory, threads)),
        splits_(task->plan()),
        on_progress_(on_progress),
        threads_(threads),
        pool_(context_, threads) {}

  // Adds to the task's sources and broadcasts.
  absl::Status Run() {
    const std::vector<bool> needed = StagesBefore(task_->plan(), task_->assignment().id().stage());
    for (std::uint32_t stage = 0; stage < needed.size(); ++stage) {
      if (needed[stage]) all_ += task_->plan().stages(static_cast<int>(stage)).task_count();
    }
    for (std::uint32_t stage = 0; stage < needed.size(); ++stage) {
      if (needed[stage]) GM_RETURN_IF_ERROR(RunStage(stage));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status RunStage(std::uint32_t stage) {
    const std::uint32_t tasks = task_->plan().stages(static_cast<int>(stage)).task_count();
    std::vector<std::string> results(tasks);
    const worker::TaskInputs inputs = InputsOf(*task_);
    std::uint32_t started = 0, ended = 0;
    absl::Status status;
    while (ended < started || (status.ok() && started < tasks)) {
      while (status.ok() && started < tasks && started - ended < threads_) {
        Start(stage, started++, inputs);
      }
      for (v1::TaskReport& report : pool_.TakeReports(kWaitMs)) {
        ++ended;
        const auto index = static_cast<std::uint32_t>(report.attempt() - 1);
        if (report.outcome() != v1::TASK_OUTCOME_SUCCEEDED) {
          status = Internal("{} task {}, whose output this one reads, fails itself: {}",
                            StageName(task_->plan().stages(static_cast<int>(stage))), index,
                            report.message());
          continue;
        }
        results[index] = std::move(*report.mutable_result());
        on_progress_(++done_, all_);
      }
    }
    GM_RETURN_IF_ERROR(status);
    AddOutputs(stage, results);
    return absl::OkStatus();
  }

  void Start(std::uint32_t stage, std::uint32_t index, const worker::TaskInputs& inputs) {
    auto task = std::make_shared<cli::PoolTask>();
    task->assignment = MakeAssignment(task_->plan(), splits_, {JobId(kJob), stage, index},
                                      TaskPart{.planned = index}, AttemptId(index + 1));
    task->inputs = inputs;
    pool_.Start(std::move(task));
  }

  void AddOutputs(std::uint32_t stage, const std::vector<std::string>& results) {
    v1::ShuffleSources& sources = *task_->add_sources();
    sources.set_job(kJob);
    sources.set_stage(stage);
    sources.set_stage_tasks(static_cast<std::uint32_t>(results.size()));
    sources.add_peers()->set_spill_directory(context_.spill_directory);
    v1::Broadcast& broadcast = *task_->add_broadcasts();
    broadcast.set_job(kJob);
    broadcast.set_stage(stage);
    for (std::uint32_t index = 0; index < results.size(); ++index) {
      sources.add_tasks(index);
      sources.add_attempts(index + 1);
      sources.add_peer_indexes(0);
      broadcast.add_results(results[index]);
    }
  }

  v1::ReplayTask* const task_;
  const worker::JobContext context_;
  const SplitTable splits_;
  const OnProgress& on_progress_;
  const std::uint32_t threads_;
  std::uint32_t done_ = 0, all_ = 0;
  cli::TaskPool pool_;  // last: its threads end before the rest goes
};

}  // namespace

absl::Status Prepare(const v1::TaskDescription& task, const std::string& directory,
                     std::uint32_t threads, const FetchFile& fetch, const OnProgress& on_progress) {
  GM_RETURN_IF_ERROR(PlaceFiles(task.plan().request(), directory, fetch));
  GM_ASSIGN_OR_RETURN(const JobInfo* const job,
                      plugin::LoadJobOf(task.plan().request(), FilesDirectory(directory)));
  v1::ReplayTask replayed;
  *replayed.mutable_plan() = task.plan();
  if (!task.plan().staging_directory().empty()) {
    replayed.mutable_plan()->set_staging_directory(directory + "/output");
    GM_RETURN_IF_ERROR(MakeDirectories(directory + "/output"));
  }
  v1::TaskAssignment& assignment = *replayed.mutable_assignment();
  *assignment.mutable_id() = task.status().id();
  assignment.mutable_id()->set_job(kJob);
  assignment.set_attempt(1);
  if (task.has_split()) *assignment.mutable_split() = task.split();
  GM_RETURN_IF_ERROR(Upstream(&replayed, job, directory, threads, on_progress).Run());

  std::ofstream file(TaskFile(directory), std::ios::binary);
  if (!replayed.SerializeToOstream(&file) || !file.flush()) {
    return PermissionDenied("can't write {}; choose another --dir", TaskFile(directory));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::TaskReport> RunPrepared(const std::string& directory) {
  std::ifstream file(TaskFile(directory), std::ios::binary);
  v1::ReplayTask task;
  if (!file || !task.ParseFromIstream(&file)) {
    return NotFound("{} holds no task that 'gristmill replay' prepared", directory);
  }
  GM_RETURN_IF_ERROR(WorkIn(FilesDirectory(directory)));
  GM_ASSIGN_OR_RETURN(const JobInfo* const job,
                      plugin::LoadJobOf(task.plan().request(), FilesDirectory(directory)));
  const worker::JobContext context = MakeContext(task.plan(), job, directory, 1);
  worker::AttemptControl control;
  return worker::ExecuteTask(context, task.assignment(), InputsOf(task), control);
}

}  // namespace gristmill::replay
