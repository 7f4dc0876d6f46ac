#include "coordinator/core/random_history_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "coordinator/core/testing_text.h"

namespace gristmill::coordinator {
namespace {

constexpr int kChaosSteps = 400;
constexpr int kCalmStepsMax = 5'000;
constexpr int kHopelessStepsMax = 5'000;

// Every other history remembers so little that ended jobs are forgotten all the time; in half of
// those only few jobs run at once.
Limits LimitsOf(std::uint64_t seed) {
  if (seed % 2 == 0) return {};
  Limits limits{.ended_jobs_max = 1 + seed / 2 % 4, .ended_tasks_max = seed / 2 % 32};
  if (seed % 4 == 1) limits.running_jobs_max = 1 + seed / 4 % 3;
  return limits;
}

}  // namespace

RandomHistory::RandomHistory(std::uint64_t seed) : shapes_(seed), checked_(LimitsOf(seed)) {}

void RandomHistory::Run() {
  for (int i = 0; i < kChaosSteps && !testing::Test::HasFailure(); ++i) Disturb();
  CalmDown();
  checked_.CheckRefolded();
  Step(Tick{});  // what ended last makes others be forgotten
  checked_.CheckForgotten();
}

void RandomHistory::RunWithoutHope() {
  for (int i = 0; i < 3; ++i) Submit();
  for (int i = 0; i < kHopelessStepsMax && !testing::Test::HasFailure(); ++i) {
    if (checked_.AllJobsEnded()) return;
    if (core_.workers().empty()) Join(/*capable=*/true);
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
    if (i % 20 == 0) Elapse(1'000);  // suspended jobs end in the end
  }
  ADD_FAILURE() << "a job did not end in " << kHopelessStepsMax << " hopeless steps";
}

void RandomHistory::Disturb() {
  switch (Below(25)) {
    case 0:
      if (checked_.shapes().size() < 8) Submit();
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
      if (Below(6) == 0) Step(CancelJob{AnyJob(), "enough"});
      if (Below(2) == 0) Step(SuspendJob{AnyJob(), "not now"});
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
    case 16:
      Step(ResumeJob{AnyJob()});
      break;
    default:
      Succeed();
  }
}

void RandomHistory::CalmDown() {
  for (FakeWorker& worker : workers_) {
    if (worker.id && !worker.silent && !worker.connected) Register(worker, /*forgetful=*/false);
  }
  Join(/*capable=*/true);
  for (int i = 0; i < kCalmStepsMax && !testing::Test::HasFailure(); ++i) {
    if (checked_.AllJobsEnded()) return;
    if (i % 20 == 0) Elapse(1'000);
    for (const JobId job : core_.jobs()) {
      if (core_.job(job)->state == JobState::kSuspended) Step(ResumeJob{job});
    }
    Commit(true);
    Succeed();
  }
  ADD_FAILURE() << "a job did not end in " << kCalmStepsMax << " calm steps";
}

void RandomHistory::Submit() {
  const JobShape shape = shapes_.AnyJob();
  checked_.Plan(shape);
  Step(SubmitJob{shape});
}

void RandomHistory::Join(bool capable) {
  FakeWorker worker;
  worker.registration.instance = "instance-" + std::to_string(workers_.size());
  worker.registration.name = "w" + std::to_string(workers_.size());
  worker.registration.resources = capable ? RandomShapes::CapableWorker() : shapes_.AnyWorker();
  workers_.push_back(worker);
  Register(workers_.back(), false);
}

void RandomHistory::Register(FakeWorker& worker, bool forgetful) {
  if (worker.silent) return;
  if (forgetful && Below(3) == 0 && !worker.running.empty()) {
    worker.running.erase(worker.running.begin());
  }
  worker.registration.running.assign(worker.running.begin(), worker.running.end());
  if (Below(8) == 0) worker.registration.running.push_back(AttemptId(1 + Below(50)));
  worker.connected = true;
  Step(worker.registration);
}

void RandomHistory::Disconnect(FakeWorker& worker) {
  worker.connected = false;
  if (worker.id) Step(WorkerDisconnected{worker.id});
}

void RandomHistory::Drain(FakeWorker& worker) {
  if (!worker.connected || worker.silent) return;
  worker.draining = true;
  Step(WorkerDraining{worker.id});
}

void RandomHistory::Leave(FakeWorker& worker) {
  if (!worker.connected || worker.silent) return;
  worker.silent = true;
  Step(WorkerLeft{worker.id});
}

JobId RandomHistory::AnyJob() {
  return JobId(1 + Below(static_cast<std::uint32_t>(checked_.shapes().size()) + 1));
}

void RandomHistory::Commit(bool ok) {
  if (to_commit_.empty()) return;
  const JobId job = *to_commit_.begin();
  to_commit_.erase(job);
  Step(OutputCommitted{job, ok, ok ? "" : "no space"});
}

void RandomHistory::Elapse(std::uint32_t ms) {
  now_ = now_ + ms;
  for (FakeWorker& worker : workers_) {
    if (worker.connected && !worker.silent) Step(Heartbeat(worker));
  }
  if (core_.next_deadline() <= now_) Step(Tick{});
  EXPECT_GT(core_.next_deadline(), now_);
}

WorkerHeartbeat RandomHistory::Heartbeat(FakeWorker& worker) {
  WorkerHeartbeat event{worker.id, {}, Below(8) == 0};
  for (const AttemptId attempt : worker.running) {
    event.progress.push_back({attempt, Below(200), Below(1'000'000)});
    if (Below(16) == 0) Cut(worker, attempt);
    if (Below(4) != 0) event.progress.back().cut_at = CutAt(worker, attempt);
    event.progress.back().run_ms = Below(10'000);
  }
  return event;
}

void RandomHistory::Cut(FakeWorker& worker, AttemptId attempt) {
  const auto running = checked_.running().find(attempt);
  if (running == checked_.running().end()) return;
  const TaskRef task = running->second.task;
  std::uint64_t& reads = worker.reads.at(attempt);
  if (!checked_.ShapeOf(task).may_be_cut || reads < 2) return;
  reads = 1 + Below(static_cast<std::uint32_t>(reads - 1));
}

std::optional<std::uint64_t> RandomHistory::CutAt(const FakeWorker& worker, AttemptId attempt) {
  const std::uint64_t reads = worker.reads.at(attempt);
  return reads < worker.was_told.at(attempt) ? std::optional(reads) : std::nullopt;
}

template <class Function>
void RandomHistory::WithAttempt(Function function) {
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

void RandomHistory::Succeed() {
  WithAttempt([&](FakeWorker& worker, AttemptId attempt) {
    const bool live =
        checked_.running().contains(attempt) && checked_.running().at(attempt).worker == worker.id;
    expected_successes_ += live;
    AttemptSucceeded succeeded{worker.id, attempt, {{"n", 1}}, "result", RunTime(), 100};
    if (Below(16) == 0) Cut(worker, attempt);
    succeeded.cut_at = CutAt(worker, attempt);
    checked_.Reads(attempt, worker.reads.at(attempt));
    Step(succeeded);
    if (Below(8) == 0) Step(succeeded);
    EXPECT_EQ(seen().successes, expected_successes_);
  });
}

void RandomHistory::Report(AttemptFailed::Cause cause) {
  WithAttempt([&](FakeWorker& worker, AttemptId attempt) {
    AttemptFailed failed{worker.id, attempt, cause, "boom", {}};
    if (cause == AttemptFailed::Cause::kFetch) failed.lost_outputs = LostOutputs(attempt);
    failed.run_alone = cause != AttemptFailed::Cause::kFetch && Below(4) == 0;
    if (cause == AttemptFailed::Cause::kUser) failed.record = AnyRecord(attempt);
    Step(failed);
  });
}

std::optional<InputRecord> RandomHistory::AnyRecord(AttemptId attempt) {
  const auto running = checked_.running().find(attempt);
  if (running == checked_.running().end() || Below(4) == 0) return std::nullopt;
  const TaskRef task = running->second.task;
  const std::uint32_t planned = core_.task(task)->part.planned;
  return InputRecord{fmt::format("/{}/{}/{}", task.job.value(), task.stage, planned),
                     Below(4) == 0 ? 1u : 0u};
}

std::vector<TaskRef> RandomHistory::LostOutputs(AttemptId attempt) {
  std::vector<TaskRef> tasks;
  if (Below(8) == 0) tasks.push_back({JobId(1 + Below(8)), Below(4), shapes_.AnyTask()});
  const auto reader = checked_.running().find(attempt);
  if (reader == checked_.running().end()) return tasks;
  const TaskRef task = reader->second.task;
  for (const EdgeShape& edge : checked_.ShapeOf(task).inputs) {
    for (const auto& output : core_.stage_outputs(task.job, edge.from_stage)) {
      if (Below(4) == 0) tasks.push_back({task.job, edge.from_stage, output.task});
    }
  }
  return tasks;
}

void RandomHistory::Stale() {
  Step(AttemptSucceeded{WorkerId(1 + Below(40)), AttemptId(1'000'000), {{"n", 1}}, "", 1, 1});
}

template <class Function>
void RandomHistory::WithWorker(Function function) {
  if (workers_.empty()) return;
  function(workers_[Below(static_cast<std::uint32_t>(workers_.size()))]);
}

void RandomHistory::Step(const Event& event) {
  for (const Action& action : checked_.Step(event, now_)) Perform(action);
  checked_.Check();
}

void RandomHistory::Perform(const Action& action) {
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
        checked_.LengthOf(start->task);
    checked_.CheckUpstream(start->task);
  } else if (const auto* ask = std::get_if<AskCut>(&action)) {
    EXPECT_EQ(checked_.running().at(ask->attempt).worker, ask->worker);
    ++asks_;
  } else if (const auto* overdue = std::get_if<StopOverdue>(&action)) {
    EXPECT_EQ(checked_.running().at(overdue->attempt).worker, overdue->worker);
    ++overdue_;
  } else if (const auto* cancel = std::get_if<CancelAttempt>(&action)) {
    FakeWorker* worker = Find([&](auto& w) { return w.id == cancel->worker; });
    if (worker != nullptr && worker->connected) worker->running.erase(cancel->attempt);
  } else if (const auto* commit = std::get_if<CommitOutput>(&action)) {
    to_commit_.insert(commit->job);
  } else if (const auto* release = std::get_if<ReleaseWorker>(&action)) {
    EXPECT_EQ(core_.worker(release->worker)->state, WorkerState::kDraining);
    EXPECT_EQ(core_.worker(release->worker)->slots_used, 0u);
    EXPECT_FALSE(checked_.HoldsNeededOutput(release->worker));
  }
}

template <class Predicate>
RandomHistory::FakeWorker* RandomHistory::Find(Predicate predicate) {
  const auto found = std::find_if(workers_.begin(), workers_.end(), predicate);
  return found == workers_.end() ? nullptr : &*found;
}

}  // namespace gristmill::coordinator
