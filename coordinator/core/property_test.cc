// Random histories: a cluster that answers the core's actions with successes, failures, losses,
// reconnections, drains and cancellations drawn from a seed. After every step the core is checked.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "coordinator/core/checked_core_fixture.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/testing_text.h"

namespace gristmill::coordinator {
namespace {

constexpr int kChaosSteps = 400;
constexpr int kCalmStepsMax = 5'000;
constexpr int kHopelessStepsMax = 5'000;
constexpr std::uint32_t kTasksMax = 9;
// Of one worker.
constexpr std::uint32_t kSlotsMax = 4;
constexpr std::uint32_t kMemoryMax = 8;
constexpr std::uint32_t kGpusMax = 2;

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
  explicit RandomHistory(std::uint64_t seed) : random_(seed), checked_(LimitsOf(seed)) {}

  const CheckedCore::Seen& seen() const { return checked_.seen(); }
  std::uint64_t asks() const { return asks_; }
  std::uint64_t overdue() const { return overdue_; }

  void Run() {
    for (int i = 0; i < kChaosSteps && !testing::Test::HasFailure(); ++i) Disturb();
    CalmDown();
    checked_.CheckRefolded();
    Step(Tick{});  // what ended last makes others be forgotten
    checked_.CheckForgotten();
  }

  // No attempt ever fails or succeeds: each goes back or away with its worker.
  void RunWithoutHope() {
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
    }
    ADD_FAILURE() << "a job did not end in " << kHopelessStepsMax << " hopeless steps";
  }

 private:
  // --- Events ---------------------------------------------------------------------------------
  void Disturb() {
    switch (Below(24)) {
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
    Join(/*capable=*/true);
    for (int i = 0; i < kCalmStepsMax && !testing::Test::HasFailure(); ++i) {
      if (checked_.AllJobsEnded()) return;
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
    const std::uint32_t more = Below(5);
    for (std::uint32_t i = 0; i < more; ++i) {
      const bool broadcast = Below(4) == 0;
      StageShape stage{tasks(), {{i, broadcast ? EdgeKind::kBroadcast : EdgeKind::kShuffle}}};
      if (i > 0 && Below(3) == 0) stage.inputs.push_back({i - 1, EdgeKind::kShuffle});
      // As rounds do: a result of any stage before, also of one whose runs are read, too.
      const std::uint32_t from = Below(i + 1);
      if (Below(3) == 0 && !(broadcast && from == i)) {
        stage.inputs.push_back({from, EdgeKind::kBroadcast});
      }
      shape.stages.push_back(stage);
    }
    LetTasksBeCut(&shape);
    if (Below(2) == 0) shape.skip_bad_records = 1 + Below(3);
    if (Below(5) == 0) AllowFailures(&shape);
    if (Below(4) == 0) shape.needs = AnyNeeds();
    if (Below(4) == 0) shape.timeout_percent = 100 + Below(300);
    checked_.Plan(shape);
    Step(SubmitJob{shape});
  }

  // What is left out must not depend on where tasks were cut.
  void AllowFailures(JobShape* shape) {
    if (Below(2) == 0) {
      shape->halt.failures = 2 + Below(4);
    } else {
      shape->halt.percent = 1 + Below(100);
    }
    for (StageShape& stage : shape->stages) stage.may_be_cut = false;
  }

  // Of which a capable worker has enough.
  TaskNeeds AnyNeeds() {
    TaskNeeds needs;
    if (Below(2) == 0) needs.cpus = 1 + Below(kSlotsMax);
    if (Below(3) == 0) needs.memory_bytes = 1 + Below(kMemoryMax);
    if (Below(3) == 0) needs.gpus = Below(kGpusMax + 1);
    if (Below(4) == 0) needs.labels = {"ssd"};
    return needs;
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

  void Join(bool capable = false) {
    FakeWorker worker;
    worker.registration.instance = "instance-" + std::to_string(workers_.size());
    worker.registration.name = "w" + std::to_string(workers_.size());
    WorkerResources& has = worker.registration.resources;
    if (capable) {
      has = {kSlotsMax, kMemoryMax, kGpusMax, {"big", "ssd"}};
    } else {
      has = {1 + Below(kSlotsMax), Below(2 * kMemoryMax), Below(kGpusMax + 1), {}};
      if (Below(3) == 0) has.labels = {"ssd"};
    }
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
    if (checked_.shapes().empty()) return;
    Step(CancelJob{JobId(1 + Below(static_cast<std::uint32_t>(checked_.shapes().size()))),
                   "enough"});
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
      event.progress.back().run_ms = Below(10'000);
    }
    return event;
  }

  // Whether it was asked or not: the core takes what it is told.
  void Cut(FakeWorker& worker, AttemptId attempt) {
    const auto running = checked_.running().find(attempt);
    if (running == checked_.running().end()) return;
    const TaskRef task = running->second.task;
    std::uint64_t& reads = worker.reads.at(attempt);
    if (!checked_.ShapeOf(task).may_be_cut || reads < 2) return;
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
      const bool live = checked_.running().contains(attempt) &&
                        checked_.running().at(attempt).worker == worker.id;
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
    const auto running = checked_.running().find(attempt);
    if (running == checked_.running().end() || Below(4) == 0) return std::nullopt;
    const TaskRef task = running->second.task;
    const std::uint32_t planned = core_.task(task)->part.planned;
    return InputRecord{fmt::format("/{}/{}/{}", task.job.value(), task.stage, planned),
                       Below(4) == 0 ? 1u : 0u};
  }

  // Mostly outputs that the attempt was to read, now and then anything.
  std::vector<TaskRef> LostOutputs(AttemptId attempt) {
    std::vector<TaskRef> tasks;
    if (Below(8) == 0) tasks.push_back({JobId(1 + Below(8)), Below(4), Below(kTasksMax)});
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
    for (const Action& action : checked_.Step(event, now_)) Perform(action);
    checked_.Check();
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
  FakeWorker* Find(Predicate predicate) {
    const auto found = std::find_if(workers_.begin(), workers_.end(), predicate);
    return found == workers_.end() ? nullptr : &*found;
  }

  std::uint32_t Below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  std::mt19937_64 random_;
  Instant now_;
  CheckedCore checked_;
  const Coordinator& core_ = checked_.core();
  std::vector<FakeWorker> workers_;
  std::set<JobId> to_commit_;
  std::uint64_t asks_ = 0;
  std::uint64_t overdue_ = 0;
  std::uint64_t expected_successes_ = 0;
};

class RandomHistories : public testing::TestWithParam<int> {};

TEST_P(RandomHistories, KeepEveryInvariantAndEndInTheCalm) {
  constexpr int kSeedsPerTest = 50;
  CheckedCore::Seen seen;
  std::uint64_t asks = 0, overdue = 0;
  for (int i = 0; i < kSeedsPerTest && !HasFailure(); ++i) {
    const int seed = GetParam() * kSeedsPerTest + i;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomHistory history(static_cast<std::uint64_t>(seed));
    history.Run();
    seen += history.seen();
    asks += history.asks();
    overdue += history.overdue();
  }
  EXPECT_GT(seen.ahead, 0u) << "no worker ever had more than its slots";
  EXPECT_GT(seen.queued, 0u) << "no job ever waited for others";
  EXPECT_GT(seen.copies, 0u) << "no slow task was ever tried twice";
  EXPECT_GT(seen.alone, 0u) << "no task ever ran alone";
  EXPECT_GT(asks, 0u) << "no task was ever asked to be cut";
  EXPECT_GT(seen.cuts, 0u) << "no task was ever cut";
  EXPECT_GT(seen.skips, 0u) << "no record was ever skipped";
  EXPECT_GT(seen.wide, 0u) << "no task ever took more than a slot";
  EXPECT_GT(seen.reserved, 0u) << "nothing was ever kept for a wide task";
  EXPECT_GT(seen.left_out, 0u) << "no task was ever left out";
  EXPECT_GT(overdue, 0u) << "no attempt was ever overdue";
}

TEST_P(RandomHistories, EndEveryJobThoughNothingEverCountsAgainstIt) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  RandomHistory(static_cast<std::uint64_t>(GetParam())).RunWithoutHope();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistories, testing::Range(0, 8));

}  // namespace
}  // namespace gristmill::coordinator
