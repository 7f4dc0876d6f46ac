#include "coordinator/rpc/status_view.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/units.h"
#include "coordinator/core/hold.h"
#include "coordinator/job_status.h"
#include "coordinator/rpc/clock.h"
#include "storage/task_input.h"

namespace gristmill::coordinator {
namespace {

constexpr std::uint32_t kTasksPerPageMax = 10'000;
// Half of what a message may have: failures of many jobs may be long.
constexpr std::size_t kListBytesMax = std::size_t{32} << 20;

v1::WorkerState ViewState(WorkerState state) {
  switch (state) {
    case WorkerState::kReady:
      return v1::WORKER_STATE_READY;
    case WorkerState::kDisconnected:
      return v1::WORKER_STATE_DISCONNECTED;
    case WorkerState::kDraining:
      return v1::WORKER_STATE_DRAINING;
    case WorkerState::kShortOfDisk:
      return v1::WORKER_STATE_SHORT_OF_DISK;
    case WorkerState::kQuarantined:
      return v1::WORKER_STATE_QUARANTINED;
  }
  return v1::WORKER_STATE_UNSPECIFIED;
}

// Why the job waits, or why it ended or was suspended. If a task's failure did that, in words that
// name the task's input: the core has only its index. A job may have had failures and ended for
// another reason.
std::string MessageOf(const JobView& job, const CatalogEntry& entry) {
  if (job.state == JobState::kQueued) {
    return "queued behind " + CountOf(job.jobs_ahead, "job");
  }
  const bool may_be_of_a_task = job.state == JobState::kFailed || job.state == JobState::kSuspended;
  const bool a_task_did = may_be_of_a_task && !entry.last_failure.empty() &&
                          job.message.ends_with(": " + entry.last_failure_cause);
  if (!a_task_did) return job.message;
  const std::size_t before = job.message.starts_with(kNotResumed) ? job.message.find(": ") + 2 : 0;
  return job.message.substr(0, before) + entry.last_failure;
}

std::string_view Describe(WorkerState state) {
  switch (state) {
    case WorkerState::kReady:
      return "ready";
    case WorkerState::kDisconnected:
      return "disconnected";
    case WorkerState::kDraining:
      return "draining";
    case WorkerState::kShortOfDisk:
      return "short of disk space";
    case WorkerState::kQuarantined:
      return "in quarantine";
  }
  return "unknown";
}

// Empty if something does, or will when its turn comes.
std::string WhyNothingRuns(const JobView& job, const ClusterSize& cluster) {
  if (!job.why_none_suffices.empty()) return "it waits: " + job.why_none_suffices;
  const bool runs = std::ranges::any_of(job.stages, [](const auto& s) { return s.running > 0; });
  if (runs || cluster.by_state.contains(WorkerState::kReady)) return {};
  if (cluster.workers == 0) return "it waits for a worker; start one with 'gristmill worker'";
  std::string states;
  for (const auto& [state, count] : cluster.by_state) {
    states += fmt::format("{}{} {}", states.empty() ? "" : ", ", count, Describe(state));
  }
  return fmt::format("it waits because no worker takes tasks: {}; 'gristmill workers' tells more",
                     states);
}

v1::TaskStatus ViewTask(const Coordinator& core, const JobCatalog& catalog, const JobView& job,
                        const CatalogEntry& entry, const SplitTable& splits, const TaskRef& ref) {
  const TaskView task = core.task(ref).value();
  v1::TaskStatus status = TaskStatusOf(ref, task, job, *entry.plan, splits);
  if (task.worker) status.set_worker(catalog.WorkerName(task.worker));
  AddTime(entry.times.Of(ref.stage, ref.task), entry.submitted_unix_ms, UnixMs(), &status);
  return status;
}

}  // namespace

ClusterSize SizeOf(const Coordinator& core, Instant now) {
  ClusterSize size;
  size.now = now;
  for (const WorkerView& worker : core.workers()) {
    ++size.workers;
    size.slots += worker.resources.slots;
    ++size.by_state[worker.state];
  }
  return size;
}

v1::JobStatus ViewJob(const Coordinator& core, const JobCatalog& catalog, JobId id,
                      const ClusterSize& cluster) {
  const CatalogEntry* entry = catalog.Find(id);
  const auto job = core.job(id);
  GM_CHECK(entry != nullptr && job.has_value());
  v1::JobStatus status = StatusOf(*job, *entry->plan);
  status.set_id(id.value());
  if (job->state == JobState::kRunning) {
    status.set_message(WhyNothingRuns(*job, cluster));
  } else if (status.message() == job->message) {
    status.set_message(MessageOf(*job, *entry));
  }
  status.set_submitted_unix_ms(entry->submitted_unix_ms);
  status.set_finished_unix_ms(entry->finished_unix_ms);
  status.set_workers(cluster.workers);
  status.set_slots(cluster.slots);
  status.set_input_bytes(entry->input_bytes);
  status.set_jobs_ahead(static_cast<std::uint32_t>(job->jobs_ahead));
  if (job->hold_end != kNever) {
    status.set_kept_ms(
        static_cast<std::uint64_t>(std::max<DurationMs>(job->hold_end - cluster.now, 0)));
  }
  return status;
}

absl::Status NoSuchJob(const Coordinator& core, JobId job) {
  if (!core.was_forgotten(job)) {
    return NotFound("there is no job {}; 'gristmill list' shows the jobs", job.value());
  }
  return NotFound(
      "job {} ended and was forgotten for those that ended later; 'gristmill coordinator "
      "--keep-jobs' says how many are kept",
      job.value());
}

v1::ListResponse ViewJobs(const Coordinator& core, const JobCatalog& catalog, std::size_t jobs_max,
                          Instant now) {
  v1::ListResponse response;
  const ClusterSize cluster = SizeOf(core, now);
  const auto& entries = catalog.entries();
  std::size_t bytes = 0;
  for (auto next = entries.rbegin(); next != entries.rend(); ++next) {
    if (static_cast<std::size_t>(response.jobs_size()) == jobs_max) break;
    v1::JobStatus job = ViewJob(core, catalog, next->first, cluster);
    bytes += job.ByteSizeLong();
    if (bytes > kListBytesMax) break;
    *response.add_jobs() = std::move(job);
  }
  std::reverse(response.mutable_jobs()->pointer_begin(), response.mutable_jobs()->pointer_end());
  return response;
}

v1::TasksResponse ViewTasks(const Coordinator& core, const JobCatalog& catalog,
                            const JobInsight& insight, const v1::TasksRequest& request) {
  const JobId job(request.job());
  const CatalogEntry* entry = catalog.Find(job);
  const auto view = core.job(job);
  GM_CHECK(entry != nullptr && view.has_value());
  const auto splits = catalog.SplitsOf(*entry);
  const std::uint32_t page_size =
      request.page_size() == 0 ? kTasksPerPageMax : std::min(request.page_size(), kTasksPerPageMax);
  v1::TasksResponse response;
  // The token is a task's place; a stage may get more tasks while a client turns the pages.
  const auto first_stage = static_cast<std::uint32_t>(request.page_token() >> 32);
  auto task = static_cast<std::uint32_t>(request.page_token());
  for (std::uint32_t stage = first_stage; stage < view->stages.size(); ++stage, task = 0) {
    for (; task < view->stages[stage].tasks; ++task) {
      if (static_cast<std::uint32_t>(response.tasks_size()) == page_size) {
        response.set_next_page_token(std::uint64_t{stage} << 32 | task);
        return response;
      }
      v1::TaskStatus& status = *response.add_tasks();
      status = ViewTask(core, catalog, *view, *entry, *splits, {job, stage, task});
      const AttemptNotes* const notes = insight.Find(AttemptId(status.attempt()));
      if (notes != nullptr) status.set_status_text(notes->status);
    }
  }
  return response;
}

v1::TaskDescription DescriptionOf(const Coordinator& core, const JobCatalog& catalog,
                                  const TaskRef& task) {
  const CatalogEntry* entry = catalog.Find(task.job);
  GM_CHECK(entry != nullptr);
  const auto splits = catalog.SplitsOf(*entry);
  v1::TaskDescription description;
  *description.mutable_plan() = *entry->plan;
  *description.mutable_status() =
      ViewTask(core, catalog, *core.job(task.job), *entry, *splits, task);
  auto split = SplitOfTask(*entry->plan, *splits, task.stage, core.task(task)->part);
  if (split) *description.mutable_split() = *std::move(split);
  return description;
}

v1::CountersResponse ViewCounters(const JobView& job) {
  v1::CountersResponse response;
  for (v1::Counter& counter : CountersOf(job)) *response.add_counters() = std::move(counter);
  return response;
}

v1::CoordinatorWork ViewWork(const WorkAccount& work) {
  v1::CoordinatorWork view;
  view.set_turns(work.turns);
  view.set_batches(work.batches);
  view.set_messages(work.messages);
  view.set_events(work.events);
  view.set_deciding_seconds(work.deciding_s);
  view.set_journal_seconds(work.journal_s);
  view.set_journal_cpu_seconds(work.journal_cpu_s);
  return view;
}

v1::WorkersResponse ViewWorkers(const Coordinator& core, Instant now) {
  v1::WorkersResponse response;
  for (const WorkerView& worker : core.workers()) {
    v1::WorkerStatus* status = response.add_workers();
    status->set_id(worker.id.value());
    status->set_name(worker.name);
    status->set_slots(worker.resources.slots);
    status->set_slots_used(worker.slots_used);
    status->set_memory_bytes(worker.resources.memory_bytes);
    status->set_memory_bytes_used(worker.memory_bytes_used);
    status->set_gpus(worker.resources.gpus);
    status->set_gpus_used(worker.gpus_used);
    for (const std::string& label : worker.resources.labels) status->add_labels(label);
    status->set_state(ViewState(worker.state));
    status->set_shuffle_address(worker.shuffle_address);
    status->set_last_heartbeat_ms(now - worker.last_heard);
    if (worker.reserved_for) {
      status->set_note(
          fmt::format("fewer tasks: what becomes free is kept for a wide task of job {}",
                      worker.reserved_for.value()));
    }
    if (worker.state == WorkerState::kShortOfDisk) {
      status->set_note(
          "no tasks whose output is shuffled: less disk space is free below its --dir than "
          "--spill-reserve");
    }
    if (worker.state == WorkerState::kQuarantined) {
      status->set_note(fmt::format("no tasks for {} s: {}",
                                   std::max<DurationMs>(0, worker.quarantine_end - now) / 1'000,
                                   worker.why_quarantined));
    }
  }
  return response;
}

}  // namespace gristmill::coordinator
