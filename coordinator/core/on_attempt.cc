#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/report_limits.h"
#include "coordinator/core/cut.h"
#include "coordinator/core/handlers.h"
#include "coordinator/core/leave_out.h"
#include "coordinator/core/quarantine.h"
#include "coordinator/core/skip.h"

namespace gristmill::coordinator {
namespace {

// Every report is a sign of life and is answered with an acknowledgement, after its records.
// The task, if the attempt still runs on that worker; else the report is stale.
std::optional<TaskRef> Receive(Turn& turn, WorkerId reporter, AttemptId attempt) {
  turn.Do(AcknowledgeReport{reporter, attempt});
  Worker* worker = turn.state.workers.Find(reporter);
  if (worker == nullptr) return std::nullopt;
  turn.state.workers.RenewLease(*worker, turn.now, turn.state.limits.lease_ms);
  const auto running = turn.state.running.find(attempt);
  if (running == turn.state.running.end() || running->second.worker != reporter) {
    return std::nullopt;
  }
  return running->second.task;
}

void OnUserFailure(Turn& turn, const TaskRef& ref, const AttemptFailed& event) {
  Job& job = *turn.state.jobs.Find(ref.job);
  // What was counted once may be in the output of readers that are done: it has no bad record.
  const bool may_skip =
      event.record && MaySkip(job, *event.record) && !turn.state.task(ref).counted;
  const bool died_there_before = may_skip && DiedAt(job, ref, event.record->offset);
  EndAttempt(turn, event.attempt, true, event.message, event.run_alone,
             may_skip ? std::optional(event.record->offset) : std::nullopt);
  if (died_there_before) return SkipRecord(turn, ref, *event.record, event.message);
  const std::uint32_t failures = turn.state.task(ref).failures;
  if (failures < job.max_attempts) return;
  FailTask(turn, ref, event.message,
           fmt::format("stage {} task {} (attempt {}) failed: {}", ref.stage, ref.task, failures,
                       event.message));
}

// The attempt ended through no fault of its own, unless that happened too often to be believed.
void OnExcusedEnd(Turn& turn, const TaskRef& ref, const AttemptFailed& event) {
  if (turn.state.task(ref).uncounted_ends <
      UncountedEndsMax(turn.state.jobs.Find(ref.job)->skip_bad_records)) {
    EndAttempt(turn, event.attempt, false, event.message, event.run_alone);
  } else {
    OnUserFailure(turn, ref, event);
  }
}

// `lost` is a task whose output the reader's task was to fetch.
bool IsUpstream(const Job& job, const TaskRef& reader, const TaskRef& lost) {
  const Stage& stage = job.stages[reader.stage];
  return lost.job == reader.job &&
         std::find(stage.inputs.begin(), stage.inputs.end(),
                   EdgeShape{lost.stage, EdgeKind::kShuffle}) != stage.inputs.end() &&
         lost.task < job.stages[lost.stage].tasks.size();
}

// False if the report names no upstream output at all.
bool DeclareOutputsLost(Turn& turn, const TaskRef& reader, const AttemptFailed& event) {
  Job& job = *turn.state.jobs.Find(reader.job);
  std::vector<MissedOutput> missed;
  for (const TaskRef& lost : event.lost_outputs) {
    if (!IsUpstream(job, reader, lost)) continue;
    const Task& task = turn.state.task(lost);
    // An output made after the reader started is not the one it failed to fetch: of many readers
    // that miss the same output, only the first makes it run again.
    const bool is_first = task.state == TaskState::kSucceeded && task.attempt < event.attempt;
    const WorkerId holder = is_first ? task.worker : WorkerId();
    if (is_first) {
      turn.release_candidates.push_back(holder);
      turn.Decide(OutputLostRecord{lost});
    }
    missed.push_back({lost, holder});
  }
  NoteMissedOutputs(turn, missed, event.worker);
  DeclareOrphansLost(turn, job);
  return !missed.empty();
}

// Another attempt of the task has run for longer, in vain: so much is known of its worker's pace.
void LearnPaceOfLoser(Turn& turn, const TaskRef& ref, const AttemptSucceeded& winner) {
  const Stage& stage = turn.state.stage(ref);
  const auto copy = stage.copies.find(ref.task);
  if (copy == stage.copies.end()) return;
  const bool copy_won = copy->second.attempt == winner.attempt;
  const AttemptId attempt = copy_won ? stage.tasks[ref.task].attempt : copy->second.attempt;
  const RunningAttempt& loser = turn.state.running.at(attempt);
  if (loser.records == 0) return;  // it may have waited all the time
  const auto ran_us = static_cast<std::uint64_t>(turn.now - loser.since) * 1'000;
  if (ran_us <= winner.run_us) return;
  turn.state.workers.Find(loser.worker)->LearnPace(ran_us, winner.run_us);
}

// Each report is small, but tasks may count other names each.
bool MakesTooManyCounters(const Job& job, const Counters& counters) {
  if (job.counters.size() + counters.size() <= kReportCountersMax) return false;
  const auto fresh = std::count_if(counters.begin(), counters.end(), [&](const auto& counter) {
    return !job.counters.contains(counter.first);
  });
  return job.counters.size() + static_cast<std::size_t>(fresh) > kReportCountersMax;
}

}  // namespace

void OnEvent(Turn& turn, const AttemptSucceeded& event) {
  const std::optional<TaskRef> ref = Receive(turn, event.worker, event.attempt);
  if (!ref) return;
  Stage& stage = turn.state.stage(*ref);
  if (!stage.tasks[ref->task].counted &&
      MakesTooManyCounters(*turn.state.jobs.Find(ref->job), event.counters)) {
    AttemptFailed failed{event.worker, event.attempt, AttemptFailed::Cause::kUser, {}, {}};
    failed.message =
        fmt::format("the tasks of the job together make more than {} counters; count fewer names",
                    kJobCountersMax);
    return OnUserFailure(turn, *ref, failed);
  }
  if (event.cut_at) TakeCut(turn, event.attempt, *event.cut_at);
  if (stage.parts.IsWhole(ref->task)) {  // a part says little of the others
    turn.state.workers.Find(event.worker)->LearnPace(event.run_us, stage.usual.run_us);
    stage.Learn(event.run_us, event.records);
    if (turn.state.jobs.Find(ref->job)->timeout_percent > 0 && event.run_us > 0) {
      stage.run_times.Add(event.run_us);
    }
  }
  LearnPaceOfLoser(turn, *ref, event);
  turn.finisher = event.worker;
  NoteSuccess(turn, *ref, event.worker);
  EndOtherAttempt(turn, *ref, event.attempt, "another attempt of the task finished first");
  AttemptSucceededRecord record{event.attempt, {}, {}};
  if (!stage.tasks[ref->task].counted) {
    record.counters = event.counters;
    if (stage.broadcasts) record.result = event.result;
  }
  turn.Decide(std::move(record));
  turn.release_candidates.push_back(event.worker);
  if (stage.complete()) OnStageComplete(turn, *turn.state.jobs.Find(ref->job));
}

void OnEvent(Turn& turn, const AttemptFailed& event) {
  const std::optional<TaskRef> ref = Receive(turn, event.worker, event.attempt);
  if (!ref) return;
  switch (event.cause) {
    case AttemptFailed::Cause::kUser:
      NoteFailure(turn, *ref, event.worker);
      OnUserFailure(turn, *ref, event);
      return;
    case AttemptFailed::Cause::kFetch:
      // A fetch that failed for want of nothing would be tried for ever.
      if (DeclareOutputsLost(turn, *ref, event)) {
        OnExcusedEnd(turn, *ref, event);
      } else {
        OnUserFailure(turn, *ref, event);
      }
      return;
    case AttemptFailed::Cause::kHandedBack:
      OnExcusedEnd(turn, *ref, event);
      return;
  }
}

}  // namespace gristmill::coordinator
