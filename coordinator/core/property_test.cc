// Random histories: a cluster that answers the core's actions with successes, failures, losses,
// reconnections, drains and cancellations drawn from a seed. After every step the core is held
// against what a naive model, fed by its records, says must be so.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "base/attempt_limits.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/testing_text.h"

namespace gristmill::coordinator {
namespace {

constexpr int kChaosSteps = 400;
constexpr int kCalmStepsMax = 5'000;
constexpr int kHopelessStepsMax = 5'000;
constexpr std::uint32_t kTasksMax = 9;
constexpr int kStepsPerSnapshot = 7;
constexpr std::uint64_t kSplitLength = 1'000;

// Every other history remembers so little that ended jobs are forgotten all the time; in half of
// those only few jobs run at once.
Limits LimitsOf(std::uint64_t seed) {
  if (seed % 2 == 0) return {};
  Limits limits{.ended_jobs_max = 1 + seed / 2 % 4, .ended_tasks_max = seed / 2 % 32};
  if (seed % 4 == 1) limits.running_jobs_max = 1 + seed / 4 % 3;
  return limits;
}

// A worker process: what it believes to run. It is told by actions only.
struct FakeWorker {
  WorkerRegistered registration;
  WorkerId id;
  bool silent = false;  // died without a word
  bool connected = false;
  bool draining = false;
  std::set<AttemptId> running;
  std::map<AttemptId, std::uint64_t> reads;     // how much of its task's part
  std::map<AttemptId, std::uint64_t> was_told;  // likewise, when it was assigned
};

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : limits_(LimitsOf(seed)), random_(seed) {}

  // Steps after which a worker had more attempts than slots, by worker.
  std::uint64_t ahead() const { return ahead_; }
  // Steps after which a job was queued, by job.
  std::uint64_t queued() const { return queued_; }
  // Tasks that were tried by two workers at once.
  std::uint64_t copies() const { return copies_; }
  std::uint64_t alone() const { return alone_; }
  std::uint64_t cuts() const { return cuts_; }
  std::uint64_t asks() const { return asks_; }
  std::uint64_t skips() const { return skips_; }

  void Run() {
    for (int i = 0; i < kChaosSteps && !testing::Test::HasFailure(); ++i) Disturb();
    CalmDown();
    EXPECT_EQ(Refolded(), core_.Fingerprint());
    Step(Tick{});  // what ended last makes others be forgotten
    EXPECT_LE(core_.jobs().size(), limits_.ended_jobs_max);
    std::uint64_t tasks = 0;
    for (const JobId id : core_.jobs()) {
      const JobView job = *core_.job(id);
      if (job.tasks_forgotten) continue;
      for (const StageView& stage : job.stages) tasks += stage.tasks;
    }
    EXPECT_LE(tasks, limits_.ended_tasks_max);
  }

  // No attempt ever fails or succeeds: each goes back or away with its worker.
  void RunWithoutHope() {
    for (int i = 0; i < 3; ++i) Submit();
    for (int i = 0; i < kHopelessStepsMax && !testing::Test::HasFailure(); ++i) {
      if (AllJobsEnded()) return;
      if (core_.workers().empty()) Join();
      switch (Below(3)) {
        case 0:
          Report(AttemptFailed::Cause::kHandedBack);
          break;
        case 1:
          WithWorker([&](FakeWorker& worker) { Register(worker, /*forgetful=*/true); });
          break;
        default:
          WithWorker([&](FakeWorker& worker) { Leave(worker); });
      }
      Commit(true);
    }
    ADD_FAILURE() << "a job did not end in " << kHopelessStepsMax << " hopeless steps";
  }

 private:
  // --- Events ---------------------------------------------------------------------------------
  void Disturb() {
    switch (Below(24)) {
      case 0:
        if (shapes_.size() < 8) Submit();
        break;
      case 1:
        if (workers_.size() < 30) Join();
        break;
      case 2:
        Elapse(Below(6'000));
        break;
      case 3:
        WithWorker([&](FakeWorker& worker) { worker.silent = Below(3) == 0; });
        break;
      case 4:
        WithWorker([&](FakeWorker& worker) { Disconnect(worker); });
        break;
      case 5:
      case 6:
        WithWorker([&](FakeWorker& worker) { Register(worker, /*forgetful=*/true); });
        break;
      case 7:
        if (Below(4) == 0) WithWorker([&](FakeWorker& worker) { Drain(worker); });
        break;
      case 8:
        if (Below(4) == 0) WithWorker([&](FakeWorker& worker) { Leave(worker); });
        break;
      case 9:
        if (Below(6) == 0) Cancel();
        break;
      case 10:
        Commit(/*ok=*/Below(4) != 0);
        break;
      case 11:
        Report(AttemptFailed::Cause::kUser);
        break;
      case 12:
        Report(AttemptFailed::Cause::kFetch);
        break;
      case 13:
        Report(AttemptFailed::Cause::kHandedBack);
        break;
      case 14:
        Stale();
        break;
      case 15:
        Report(AttemptFailed::Cause::kUser);
        break;
      default:
        Succeed();
    }
  }

  // No more faults: everything that was submitted ends.
  void CalmDown() {
    for (FakeWorker& worker : workers_) {
      if (worker.id && !worker.silent && !worker.connected) Register(worker, /*forgetful=*/false);
    }
    Join();
    for (int i = 0; i < kCalmStepsMax && !testing::Test::HasFailure(); ++i) {
      if (AllJobsEnded()) return;
      if (i % 20 == 0) Elapse(1'000);
      Commit(true);
      Succeed();
    }
    ADD_FAILURE() << "a job did not end in " << kCalmStepsMax << " calm steps";
  }

  void Submit() {
    JobShape shape{"job", {}, 1 + Below(3), Below(2) == 0};
    const auto tasks = [&] { return Below(6) == 0 ? 0 : 1 + Below(kTasksMax); };
    shape.stages.push_back({tasks(), {}});
    const std::uint32_t more = Below(4);
    for (std::uint32_t i = 0; i < more; ++i) {
      StageShape stage{tasks(), {{i, Below(4) == 0 ? EdgeKind::kBroadcast : EdgeKind::kShuffle}}};
      if (i > 0 && Below(3) == 0) stage.inputs.push_back({i - 1, EdgeKind::kShuffle});
      shape.stages.push_back(stage);
    }
    LetTasksBeCut(&shape);
    if (Below(2) == 0) shape.skip_bad_records = 1 + Below(3);
    shapes_.push_back(shape);
    Step(SubmitJob{shape});
  }

  // Of stages that are only read by shuffles.
  void LetTasksBeCut(JobShape* shape) {
    std::set<std::uint32_t> shuffled, broadcast;
    for (const StageShape& stage : shape->stages) {
      for (const EdgeShape& edge : stage.inputs) {
        (edge.kind == EdgeKind::kShuffle ? shuffled : broadcast).insert(edge.from_stage);
      }
    }
    for (const std::uint32_t stage : shuffled) {
      shape->stages[stage].may_be_cut = !broadcast.contains(stage) && Below(3) != 0;
    }
  }

  void Join() {
    FakeWorker worker;
    worker.registration.instance = "instance-" + std::to_string(workers_.size());
    worker.registration.name = "w" + std::to_string(workers_.size());
    worker.registration.slots = 1 + Below(4);
    workers_.push_back(worker);
    Register(workers_.back(), false);
  }

  void Register(FakeWorker& worker, bool forgetful) {
    if (worker.silent) return;
    if (forgetful && Below(3) == 0 && !worker.running.empty()) {
      worker.running.erase(worker.running.begin());
    }
    worker.registration.running.assign(worker.running.begin(), worker.running.end());
    if (Below(8) == 0) worker.registration.running.push_back(AttemptId(1 + Below(50)));
    worker.connected = true;
    Step(worker.registration);
  }

  void Disconnect(FakeWorker& worker) {
    worker.connected = false;
    if (worker.id) Step(WorkerDisconnected{worker.id});
  }

  void Drain(FakeWorker& worker) {
    if (!worker.connected || worker.silent) return;
    worker.draining = true;
    Step(WorkerDraining{worker.id});
  }

  void Leave(FakeWorker& worker) {
    if (!worker.connected || worker.silent) return;
    worker.silent = true;
    Step(WorkerLeft{worker.id});
  }

  void Cancel() {
    if (shapes_.empty()) return;
    Step(CancelJob{JobId(1 + Below(static_cast<std::uint32_t>(shapes_.size()))), "enough"});
  }

  void Commit(bool ok) {
    if (to_commit_.empty()) return;
    const JobId job = *to_commit_.begin();
    to_commit_.erase(job);
    Step(OutputCommitted{job, ok, ok ? "" : "no space"});
  }

  void Elapse(std::uint32_t ms) {
    now_ = now_ + ms;
    for (FakeWorker& worker : workers_) {
      if (worker.connected && !worker.silent) Step(Heartbeat(worker));
    }
    if (core_.next_deadline() <= now_) Step(Tick{});
    EXPECT_GT(core_.next_deadline(), now_);
  }

  WorkerHeartbeat Heartbeat(FakeWorker& worker) {
    WorkerHeartbeat event{worker.id, {}, Below(8) == 0};
    for (const AttemptId attempt : worker.running) {
      event.progress.push_back({attempt, Below(200), Below(1'000'000)});
      if (Below(16) == 0) Cut(worker, attempt);
      if (Below(4) != 0) event.progress.back().cut_at = CutAt(worker, attempt);
    }
    return event;
  }

  // Whether it was asked or not: the core takes what it is told.
  void Cut(FakeWorker& worker, AttemptId attempt) {
    const auto running = running_.find(attempt);
    if (running == running_.end()) return;
    const TaskRef task = running->second.task;
    std::uint64_t& reads = worker.reads.at(attempt);
    if (!shapes_[task.job.value() - 1].stages[task.stage].may_be_cut || reads < 2) return;
    reads = 1 + Below(static_cast<std::uint32_t>(reads - 1));
  }
  static std::optional<std::uint64_t> CutAt(const FakeWorker& worker, AttemptId attempt) {
    const std::uint64_t reads = worker.reads.at(attempt);
    return reads < worker.was_told.at(attempt) ? std::optional(reads) : std::nullopt;
  }

  template <class Function>
  void WithAttempt(Function function) {
    std::vector<std::pair<FakeWorker*, AttemptId>> candidates;
    for (FakeWorker& worker : workers_) {
      if (!worker.connected || worker.silent) continue;
      for (const AttemptId attempt : worker.running) candidates.push_back({&worker, attempt});
    }
    if (candidates.empty()) return;
    const auto [worker, attempt] = candidates[Below(static_cast<std::uint32_t>(candidates.size()))];
    worker->running.erase(attempt);
    function(*worker, attempt);
  }

  void Succeed() {
    WithAttempt([&](FakeWorker& worker, AttemptId attempt) {
      const bool live = running_.contains(attempt) && running_[attempt].worker == worker.id;
      expected_successes_ += live;
      AttemptSucceeded succeeded{worker.id, attempt, {{"n", 1}}, "result", RunTime(), 100};
      if (Below(16) == 0) Cut(worker, attempt);
      succeeded.cut_at = CutAt(worker, attempt);
      read_by_[attempt] = worker.reads.at(attempt);
      Step(succeeded);
      if (Below(8) == 0) Step(succeeded);
      EXPECT_EQ(successes_, expected_successes_);
    });
  }

  // Short and long tasks, and some whose time is not known.
  std::uint64_t RunTime() { return Below(4) == 0 ? 0 : std::uint64_t{1} << Below(24); }

  void Report(AttemptFailed::Cause cause) {
    WithAttempt([&](FakeWorker& worker, AttemptId attempt) {
      AttemptFailed failed{worker.id, attempt, cause, "boom", {}};
      if (cause == AttemptFailed::Cause::kFetch) failed.lost_outputs = LostOutputs(attempt);
      failed.run_alone = cause != AttemptFailed::Cause::kFetch && Below(4) == 0;
      if (cause == AttemptFailed::Cause::kUser) failed.record = AnyRecord(attempt);
      Step(failed);
    });
  }

  // Of the task's input: few, so that one comes up again. Now and then none is to blame.
  std::optional<InputRecord> AnyRecord(AttemptId attempt) {
    const auto running = running_.find(attempt);
    if (running == running_.end() || Below(4) == 0) return std::nullopt;
    const TaskRef task = running->second.task;
    const std::uint32_t planned = core_.task(task)->part.planned;
    return InputRecord{fmt::format("/{}/{}/{}", task.job.value(), task.stage, planned),
                       Below(4) == 0 ? 1u : 0u};
  }

  // Mostly outputs that the attempt was to read, now and then anything.
  std::vector<TaskRef> LostOutputs(AttemptId attempt) {
    std::vector<TaskRef> tasks;
    if (Below(8) == 0) tasks.push_back({JobId(1 + Below(8)), Below(4), Below(kTasksMax)});
    const auto reader = running_.find(attempt);
    if (reader == running_.end()) return tasks;
    const TaskRef task = reader->second.task;
    for (const EdgeShape& edge : shapes_[task.job.value() - 1].stages[task.stage].inputs) {
      for (const auto& output : core_.stage_outputs(task.job, edge.from_stage)) {
        if (Below(4) == 0) tasks.push_back({task.job, edge.from_stage, output.task});
      }
    }
    return tasks;
  }

  void Stale() {
    Step(AttemptSucceeded{WorkerId(1 + Below(40)), AttemptId(1'000'000), {{"n", 1}}, "", 1, 1});
  }

  template <class Function>
  void WithWorker(Function function) {
    if (workers_.empty()) return;
    function(workers_[Below(static_cast<std::uint32_t>(workers_.size()))]);
  }

  // --- The core's answers ---------------------------------------------------------------------
  void Step(const Event& event) {
    const Output output = core_.Step(event, now_);
    for (const Record& record : output.records) {
      journal_.push_back(record);
      shadow_->Apply(record);
      Note(record);
    }
    if (++steps_ % kStepsPerSnapshot == 0) RestoreShadow();
    for (const Action& action : output.actions) Perform(action);
    Check();
  }

  void Note(const Record& record) {
    if (const auto* assigned = std::get_if<AttemptAssignedRecord>(&record)) {
      int others = 0;
      for (const auto& [id, running] : running_) {
        if (running.task != assigned->task) continue;
        ++others;
        EXPECT_NE(running.worker, assigned->worker) << "both attempts of a task on one worker";
      }
      EXPECT_LE(others, 1) << "three attempts of one task run";
      copies_ += others > 0;
      EXPECT_EQ(assigned->alone, lonely_.contains(assigned->task));
      alone_ += assigned->alone;
      running_[assigned->attempt] = {assigned->task, assigned->worker, assigned->alone};
    } else if (const auto* succeeded = std::get_if<AttemptSucceededRecord>(&record)) {
      const TaskRef task = running_.at(succeeded->attempt).task;
      running_.erase(succeeded->attempt);
      lonely_.erase(task);
      died_at_.erase(task);
      for (const auto& [id, running] : running_) {
        EXPECT_NE(running.task, task) << "an attempt of a finished task runs on";
      }
      ever_succeeded_.insert(task);
      const TaskPart part = core_.task(task)->part;
      EXPECT_EQ(read_by_.at(succeeded->attempt), Length(part)) << "not what the task is to read";
      ++successes_;
    } else if (const auto* cut = std::get_if<TaskCutRecord>(&record)) {
      const std::uint32_t piece =
          pieces_[{cut->task.job, cut->task.stage}]++ +
          shapes_[cut->task.job.value() - 1].stages[cut->task.stage].task_count;
      if (ever_succeeded_.contains(cut->task)) {
        counted_before_.insert({cut->task.job, cut->task.stage, piece});
        ever_succeeded_.insert({cut->task.job, cut->task.stage, piece});
      }
      ++cuts_;
    } else if (const auto* skipped = std::get_if<RecordSkippedRecord>(&record)) {
      const JobShape& shape = shapes_[skipped->task.job.value() - 1];
      EXPECT_TRUE(skipped_[skipped->task.job].insert(skipped->record).second);
      EXPECT_LE(skipped_[skipped->task.job].size(), shape.skip_bad_records);
      EXPECT_EQ(died_at_[skipped->task], (std::pair(skipped->record.offset, 2)));
      EXPECT_EQ(core_.task(skipped->task)->failures, 0u);
      for (const auto& [id, running] : running_) EXPECT_NE(running.task, skipped->task);
      died_at_.erase(skipped->task);
      ++skips_;
    } else if (const auto* ended = std::get_if<AttemptEndedRecord>(&record)) {
      if (ended->bad_record) {
        auto& [offset, times] = died_at_[running_.at(ended->attempt).task];
        times = times > 0 && offset == *ended->bad_record ? times + 1 : 1;
        offset = *ended->bad_record;
      }
      if (ended->run_alone) lonely_.insert(running_.at(ended->attempt).task);
      EXPECT_EQ(running_.erase(ended->attempt), 1u);
    }
  }

  void Perform(const Action& action) {
    if (const auto* accept = std::get_if<AcceptWorker>(&action)) {
      FakeWorker& worker =
          *Find([&](auto& w) { return w.registration.instance == accept->instance; });
      if (accept->forget_everything) worker.running.clear();
      if (worker.id != accept->worker) worker.draining = false;
      worker.id = accept->worker;
    } else if (const auto* start = std::get_if<StartAttempt>(&action)) {
      FakeWorker* worker = Find([&](auto& w) { return w.id == start->worker; });
      ASSERT_NE(worker, nullptr);
      EXPECT_TRUE(worker->connected && !worker->draining) << Text(action);
      worker->running.insert(start->attempt);
      worker->reads[start->attempt] = worker->was_told[start->attempt] =
          Length(core_.task(start->task)->part);
      CheckUpstream(start->task);
    } else if (const auto* ask = std::get_if<AskCut>(&action)) {
      EXPECT_EQ(running_.at(ask->attempt).worker, ask->worker);
      ++asks_;
    } else if (const auto* cancel = std::get_if<CancelAttempt>(&action)) {
      FakeWorker* worker = Find([&](auto& w) { return w.id == cancel->worker; });
      if (worker != nullptr && worker->connected) worker->running.erase(cancel->attempt);
    } else if (const auto* commit = std::get_if<CommitOutput>(&action)) {
      to_commit_.insert(commit->job);
    } else if (const auto* release = std::get_if<ReleaseWorker>(&action)) {
      EXPECT_EQ(core_.worker(release->worker)->state, WorkerState::kDraining);
      EXPECT_EQ(core_.worker(release->worker)->slots_used, 0u);
      EXPECT_FALSE(HoldsNeededOutput(release->worker));
    }
  }

  template <class Predicate>
  FakeWorker* Find(Predicate predicate) {
    const auto found = std::find_if(workers_.begin(), workers_.end(), predicate);
    return found == workers_.end() ? nullptr : &*found;
  }

  // --- What must hold -------------------------------------------------------------------------
  void Check() {
    EXPECT_EQ(shadow_->Fingerprint(), core_.Fingerprint());
    std::map<WorkerId, std::set<JobId>> jobs_on;
    std::set<WorkerId> with_lonely;
    for (const auto& [attempt, assigned] : running_) {
      jobs_on[assigned.worker].insert(assigned.task.job);
      if (assigned.alone) with_lonely.insert(assigned.worker);
    }
    std::size_t attempts = 0, free_ready_slots = 0;
    for (const WorkerView& worker : core_.workers()) {
      attempts += worker.attempts;
      // More than the slots wait in one runner, which has a thread per slot; two would share them.
      EXPECT_TRUE(worker.attempts <= worker.slots ||
                  (jobs_on[worker.id].size() == 1 && !with_lonely.contains(worker.id)));
      EXPECT_LE(worker.attempts, worker.slots + AttemptsAheadMax(worker.slots));
      EXPECT_EQ(worker.slots_used, std::min(worker.attempts, worker.slots));
      ahead_ += worker.attempts > worker.slots;
      if (worker.state == WorkerState::kReady) free_ready_slots += worker.slots - worker.slots_used;
    }
    EXPECT_EQ(attempts, running_.size());
    for (const JobId job : core_.jobs()) CheckJob(job, free_ready_slots);
    CheckQueue();
  }

  // Jobs run in order of submission, as many as may.
  void CheckQueue() {
    std::size_t running = 0, queued = 0;
    std::uint64_t tasks = 0;
    for (const JobId id : core_.jobs()) {
      const JobView job = *core_.job(id);
      if (job.state == JobState::kQueued) {
        EXPECT_EQ(job.jobs_ahead, core_.load().running_jobs + queued);
        ++queued;
      } else if (job.state == JobState::kRunning) {
        EXPECT_EQ(queued, 0u) << "job " << id << " runs before an earlier one";
        ++running;
      }
      if (job.state > JobState::kCommitting) continue;
      for (const StageView& stage : job.stages) tasks += stage.tasks;
    }
    EXPECT_LE(running, limits_.running_jobs_max);
    if (running < limits_.running_jobs_max) {
      EXPECT_EQ(queued, 0u) << "though more may run";
    }
    EXPECT_EQ(core_.load().running_jobs, running);
    EXPECT_EQ(core_.load().queued_jobs, queued);
    EXPECT_EQ(core_.load().tasks, tasks);
    queued_ += queued;
  }

  void CheckJob(JobId id, std::size_t free_ready_slots) {
    const JobView job = *core_.job(id);
    if (job.tasks_forgotten) {
      EXPECT_FALSE(core_.task({id, 0, 0}).has_value());
      return;
    }
    std::uint64_t counted = 0;
    for (std::uint32_t s = 0; s < job.stages.size(); ++s) {
      std::uint32_t succeeded = 0, running = 0;
      for (std::uint32_t t = 0; t < job.stages[s].tasks; ++t) {
        const TaskView task = *core_.task({id, s, t});
        succeeded += task.state == TaskState::kSucceeded;
        running += task.state == TaskState::kRunning;
        counted += ever_succeeded_.contains({id, s, t}) && !counted_before_.contains({id, s, t});
        if (task.state == TaskState::kRunning) {
          EXPECT_EQ(running_.at(task.attempt).task, (TaskRef{id, s, t}));
        }
        if (task.state == TaskState::kWaiting && task.failures == 0 && free_ready_slots > 0) {
          EXPECT_FALSE(IsRunnable(job, s)) << "a slot is idle while stage " << s << " waits";
        }
      }
      EXPECT_EQ(job.stages[s].succeeded, succeeded);
      EXPECT_EQ(job.stages[s].running, running);
      EXPECT_EQ(core_.stage_outputs(id, s).size(), succeeded);
    }
    Counters expected = counted > 0 ? Counters{{"n", counted}} : Counters{};
    if (!skipped_[id].empty()) expected.emplace_back(kSkippedCounter, skipped_[id].size());
    if (job.state <= JobState::kCommitting) {
      std::set<InputRecord> told;
      for (const auto& [record, skip] : core_.skipped_records(id)) told.insert(record);
      EXPECT_EQ(told, skipped_[id]);
    }
    EXPECT_EQ(job.counters, expected);
  }

  bool IsComplete(const JobView& job, std::uint32_t stage) const {
    return job.stages[stage].succeeded == job.stages[stage].tasks;
  }

  bool IsRunnable(const JobView& job, std::uint32_t stage) const {
    if (job.state != JobState::kRunning) return false;
    for (const EdgeShape& edge : shapes_[job.id.value() - 1].stages[stage].inputs) {
      if (!IsComplete(job, edge.from_stage)) return false;
    }
    return true;
  }

  // A task that starts finds every output it is to read with a live worker.
  void CheckUpstream(const TaskRef& task) {
    for (const EdgeShape& edge : shapes_[task.job.value() - 1].stages[task.stage].inputs) {
      const auto outputs = core_.stage_outputs(task.job, edge.from_stage);
      EXPECT_EQ(outputs.size(), core_.job(task.job)->stages[edge.from_stage].tasks);
      if (edge.kind == EdgeKind::kBroadcast) {
        EXPECT_THAT(core_.stage_results(task.job, edge.from_stage), testing::Each("result"));
        continue;
      }
      CheckTiling(task.job, edge.from_stage);
      for (const auto& output : outputs) EXPECT_TRUE(core_.worker(output.worker).has_value());
    }
  }

  // In their order the outputs are of everything that the plan has, each part once.
  void CheckTiling(JobId job, std::uint32_t stage) {
    const std::uint32_t planned_count = shapes_[job.value() - 1].stages[stage].task_count;
    std::uint32_t planned = 0;
    std::uint64_t at = 0;
    for (const auto& output : core_.stage_outputs(job, stage)) {
      const TaskPart part = core_.task({job, stage, output.task})->part;
      EXPECT_EQ(part.planned, planned);
      EXPECT_EQ(part.begin, at);
      at += read_by_.at(output.attempt);
      if (at < kSplitLength) continue;
      EXPECT_EQ(at, kSplitLength);
      at = 0;
      ++planned;
    }
    EXPECT_EQ(planned, planned_count);
  }

  static std::uint64_t Length(const TaskPart& part) {
    return std::min(part.end, kSplitLength) - part.begin;
  }

  bool HoldsNeededOutput(WorkerId worker) const {
    for (const JobId id : core_.jobs()) {
      const JobView job = *core_.job(id);
      if (job.state != JobState::kRunning) continue;
      const auto& stages = shapes_[id.value() - 1].stages;
      for (std::uint32_t reader = 0; reader < stages.size(); ++reader) {
        if (IsComplete(job, reader)) continue;
        for (const EdgeShape& edge : stages[reader].inputs) {
          if (edge.kind == EdgeKind::kBroadcast) continue;
          for (const auto& output : core_.stage_outputs(id, edge.from_stage)) {
            if (output.worker == worker) return true;
          }
        }
      }
    }
    return false;
  }

  bool AllJobsEnded() const {
    for (const JobId job : core_.jobs()) {
      if (core_.job(job)->state <= JobState::kCommitting) return false;
    }
    return true;
  }

  // From here on the shadow is what a restart with a compacted journal would have made of it.
  void RestoreShadow() {
    shadow_ = std::make_unique<Coordinator>(limits_);
    core_.Snapshot([&](const Record& record) {
      shadow_->Apply(record);
      return true;
    });
  }

  std::string Refolded() const {
    Coordinator fresh{limits_};
    for (const Record& record : journal_) fresh.Apply(record);
    return fresh.Fingerprint();
  }

  std::uint32_t Below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  struct Running {
    TaskRef task;
    WorkerId worker;
    bool alone = false;
  };
  const Limits limits_;
  std::mt19937_64 random_;
  Instant now_;
  Coordinator core_{limits_};
  std::unique_ptr<Coordinator> shadow_ = std::make_unique<Coordinator>(limits_);  // of the records
  int steps_ = 0;
  std::vector<Record> journal_;
  std::vector<JobShape> shapes_;  // by job id - 1
  std::vector<FakeWorker> workers_;
  std::set<JobId> to_commit_;
  std::map<AttemptId, Running> running_;
  std::set<TaskRef> ever_succeeded_;
  std::set<TaskRef> lonely_;          // that died with their runner and did not succeed since
  std::set<TaskRef> counted_before_;  // as part of the task that they were cut off
  std::map<std::pair<JobId, std::uint32_t>, std::uint32_t> pieces_;  // by stage: how many
  std::map<AttemptId, std::uint64_t> read_by_;
  std::map<JobId, std::set<InputRecord>> skipped_;
  std::map<TaskRef, std::pair<std::uint64_t, int>> died_at_;  // offset, times in a row
  std::uint64_t skips_ = 0;
  std::uint64_t copies_ = 0;
  std::uint64_t queued_ = 0;
  std::uint64_t alone_ = 0;  // attempts with a runner of their own
  std::uint64_t cuts_ = 0;
  std::uint64_t asks_ = 0;
  std::uint64_t ahead_ = 0;  // workers seen with more attempts than slots
  std::uint64_t successes_ = 0, expected_successes_ = 0;
};

class RandomHistories : public testing::TestWithParam<int> {};

TEST_P(RandomHistories, KeepEveryInvariantAndEndInTheCalm) {
  constexpr int kSeedsPerTest = 25;
  std::uint64_t ahead = 0, copies = 0, queued = 0, alone = 0, cuts = 0, asks = 0, skips = 0;
  for (int i = 0; i < kSeedsPerTest && !HasFailure(); ++i) {
    const int seed = GetParam() * kSeedsPerTest + i;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomHistory history(static_cast<std::uint64_t>(seed));
    history.Run();
    ahead += history.ahead();
    copies += history.copies();
    queued += history.queued();
    alone += history.alone();
    cuts += history.cuts();
    asks += history.asks();
    skips += history.skips();
  }
  EXPECT_GT(ahead, 0u) << "no worker ever had more than its slots";
  EXPECT_GT(queued, 0u) << "no job ever waited for others";
  EXPECT_GT(copies, 0u) << "no slow task was ever tried twice";
  EXPECT_GT(alone, 0u) << "no task ever ran alone";
  EXPECT_GT(asks, 0u) << "no task was ever asked to be cut";
  EXPECT_GT(cuts, 0u) << "no task was ever cut";
  EXPECT_GT(skips, 0u) << "no record was ever skipped";
}

TEST_P(RandomHistories, EndEveryJobThoughNothingEverCountsAgainstIt) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  RandomHistory(static_cast<std::uint64_t>(GetParam())).RunWithoutHope();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistories, testing::Range(0, 8));

}  // namespace
}  // namespace gristmill::coordinator
