#include "worker/runner/runner_job.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/attempt_limits.h"
#include "base/status.h"
#include "plugin/job_object.h"
#include "storage/file.h"
#include "worker/runner/crash_handler.h"
#include "worker/runner/runner_memory.h"
#include "worker/runner/thread_stderr.h"

namespace gristmill::worker {
namespace {

constexpr std::chrono::milliseconds kNotesAfter{2'000};

// Those ahead, and as many again while cancelled ones are still ending.
std::size_t WaitingMax(std::uint32_t threads) { return 2 * (threads + AttemptsAheadMax(threads)); }

std::uint32_t Threads(const v1::RunnerStart& start) { return std::max(start.threads(), 1u); }

// A runner for one attempt has one thread, and the share of memory that any thread has.
std::uint32_t PoolThreads(const v1::RunnerStart& start, const FlightRecorder* recorder) {
  return recorder == nullptr ? Threads(start) : std::min(Threads(start), recorder->places());
}

v1::TaskReport Failed(std::uint64_t attempt, const absl::Status& why) {
  v1::TaskReport report;
  report.set_attempt(attempt);
  report.set_outcome(v1::TASK_OUTCOME_FAILED);
  report.set_message(Message(why));
  return report;
}

}  // namespace

RunnerJob::RunnerJob(const v1::RunnerStart& start, ShufflePort* shuffle, FlightRecorder* recorder,
                     Report report, Retire retire)
    : recorder_(recorder),
      report_(std::move(report)),
      retire_(std::move(retire)),
      pool_(PoolThreads(start, recorder), WaitingMax(Threads(start))) {
  context_.job = start.job();
  context_.plan = start.plan();
  context_.spill_directory = start.spill_directory();
  context_.directory = JobFilesDirectory(start.spill_directory(), start.job());
  context_.shuffle = shuffle;
  loaded_ = LoadJob();
  const JobInfo* const info =
      context_.info != nullptr ? context_.info : FindJob(start.plan().request().job());
  if (info != nullptr) key_type_ = info->key_type;
  const std::uint64_t job_memory_bytes = start.plan().request().memory_bytes();
  const auto memory =
      RunnerMemory::From(std::getenv(kRunnerMemoryVariable), job_memory_bytes,
                         start.plan().request().task_memory_bytes() * Threads(start));
  SetMemory(start.plan(), memory.ShareOfFramework(job_memory_bytes), Threads(start), &context_);
  context_.out_of_memory = DescribeOutOfMemory(memory);
  // Last: the threads of the pool have their stacks.
  const absl::Status limited = memory.bytes == 0 ? absl::OkStatus() : LimitMemory(memory.bytes);
  if (!limited.ok()) fmt::print(stderr, "gristmill: {}\n", Message(limited));
}

absl::Status RunnerJob::EnterDirectory() const {
  GM_RETURN_IF_ERROR(MakeDirectories(context_.directory));
  if (chdir(context_.directory.c_str()) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("can't enter '{}'", context_.directory));
}

absl::Status RunnerJob::LoadJob() {
  GM_RETURN_IF_ERROR(EnterDirectory());
  GM_ASSIGN_OR_RETURN(context_.info,
                      plugin::LoadJobOf(context_.plan.request(), context_.directory));
  if (context_.info != nullptr) NoteModules();
  return absl::OkStatus();
}

void RunnerJob::SetSources(v1::ShuffleSources sources) {
  const std::uint32_t stage = sources.stage();
  auto shared = std::make_shared<const v1::ShuffleSources>(std::move(sources));
  absl::MutexLock lock(&mutex_);
  inputs_.sources[stage] = std::move(shared);
}

void RunnerJob::SetBroadcast(v1::Broadcast broadcast) {
  const std::uint32_t stage = broadcast.stage();
  StageResults results = ResultsOf(std::move(broadcast));
  absl::MutexLock lock(&mutex_);
  inputs_.broadcasts[stage] = std::move(results);
}

void RunnerJob::Run(v1::TaskAssignment assignment) {
  auto control = std::make_shared<AttemptControl>();
  const std::uint64_t attempt = assignment.attempt();
  {
    absl::MutexLock lock(&mutex_);
    if (!running_.emplace(attempt, Running{control}).second) return;
  }
  const bool accepted = pool_.Submit(
      [this, assignment = std::move(assignment), control] { RunNow(assignment, *control); });
  if (accepted) return;
  {
    absl::MutexLock lock(&mutex_);
    running_.erase(attempt);
  }
  v1::TaskReport refused;
  refused.set_attempt(attempt);
  refused.set_outcome(v1::TASK_OUTCOME_HANDED_BACK);
  refused.set_message("the runner has more attempts than threads");
  report_(std::move(refused), false);
}

void RunnerJob::RunNow(const v1::TaskAssignment& assignment, AttemptControl& control) {
  TaskInputs inputs;
  {
    absl::MutexLock lock(&mutex_);
    inputs = inputs_;
    running_.at(assignment.attempt()).since = std::chrono::steady_clock::now();
  }
  const absl::Time begin = absl::Now();
  const std::uint32_t thread = ThreadPool::ThisThread();
  if (recorder_ != nullptr) {
    FlightRecorder::Place* const place =
        recorder_->Begin(thread, AttemptId(assignment.attempt()), assignment.split().path());
    SetPlaceOfThread(place);
    if (place != nullptr) control.mark = &place->mark;
  }
  v1::TaskReport report;
  {
    const v1::TaskId& id = assignment.id();
    const WritesOfAttempt writes({assignment.attempt(), id.stage(), id.task()});
    report = loaded_.ok() ? ExecuteTask(context_, assignment, inputs, control)
                          : Failed(assignment.attempt(), loaded_);
  }
  if (recorder_ != nullptr) {
    SetPlaceOfThread(nullptr);
    recorder_->End(thread);
  }
  report.set_records(control.records.load(std::memory_order_relaxed));
  const std::int64_t run_us = absl::ToInt64Microseconds(absl::Now() - begin);
  report.set_run_us(static_cast<std::uint64_t>(std::max<std::int64_t>(run_us, 1)));
  {
    absl::MutexLock lock(&mutex_);
    running_.erase(assignment.attempt());
  }
  const bool retires = report.outcome() == v1::TASK_OUTCOME_FAILED && RanOutOfMemory();
  if (retires) report.clear_bad_record();  // whatever was thrown
  // That of a failure for lack of memory goes with the end of the stream, so that the worker does
  // not give the next try to this process.
  report_(std::move(report), retires || pool_.HasWaiting());
  if (retires) retire_();
}

void RunnerJob::Cancel(const v1::CancelAttempts& cancel) {
  absl::MutexLock lock(&mutex_);
  for (const std::uint64_t attempt : cancel.attempts()) {
    const auto found = running_.find(attempt);
    if (found != running_.end()) found->second.control->cancelled = true;
  }
}

void RunnerJob::Cut(const v1::CutAttempts& cut) {
  absl::MutexLock lock(&mutex_);
  for (const std::uint64_t attempt : cut.attempts()) {
    const auto found = running_.find(attempt);
    if (found != running_.end()) found->second.control->cut.Ask();
  }
}

v1::Heartbeat RunnerJob::progress() const {
  v1::Heartbeat heartbeat;
  const auto now = std::chrono::steady_clock::now();
  absl::MutexLock lock(&mutex_);
  for (const auto& [attempt, running] : running_) {
    v1::AttemptProgress& progress = *heartbeat.add_progress();
    progress.set_attempt(attempt);
    progress.set_records(running.control->records.load(std::memory_order_relaxed));
    progress.set_done_ppm(running.control->cut.done_ppm());
    if (const auto cut_at = running.control->cut.cut_at()) progress.set_cut_at(*cut_at);
    if (!running.since) continue;
    const auto run = std::chrono::duration_cast<std::chrono::milliseconds>(now - *running.since);
    progress.set_run_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(run.count(), 1)));
    const TaskNotes& notes = running.control->notes;
    if (std::string status = notes.status(); !status.empty()) {
      progress.set_status(std::move(status));
    }
    // Nobody asks why short ones are slow.
    if (run < kNotesAfter) continue;
    *progress.mutable_spent() = notes.spent();
    progress.set_input_bytes(notes.input_bytes());
    if (v1::HeavyKey heavy = notes.HeavyKey(key_type_); heavy.pairs() > 0) {
      *progress.mutable_heavy_key() = std::move(heavy);
    }
  }
  return heartbeat;
}

}  // namespace gristmill::worker
