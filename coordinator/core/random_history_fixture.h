// Random histories: a cluster that answers the core's actions with successes, failures, losses,
// reconnections, drains and cancellations drawn from a seed. After every step the core is checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "coordinator/core/checked_core_fixture.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/random_shapes_fixture.h"

namespace gristmill::coordinator {

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed);

  const CheckedCore::Seen& seen() const { return checked_.seen(); }
  std::uint64_t asks() const { return asks_; }
  std::uint64_t overdue() const { return overdue_; }

  void Run();
  // No attempt ever fails or succeeds: each goes back or away with its worker.
  void RunWithoutHope();

 private:
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

  // --- Events ---------------------------------------------------------------------------------
  void Disturb();
  // No more faults: everything that was submitted ends.
  void CalmDown();
  void Submit();
  void Join(bool capable = false);
  void Register(FakeWorker& worker, bool forgetful);
  void Disconnect(FakeWorker& worker);
  void Drain(FakeWorker& worker);
  void Leave(FakeWorker& worker);
  JobId AnyJob();  // or the id of none
  void Commit(bool ok);
  void Elapse(std::uint32_t ms);
  WorkerHeartbeat Heartbeat(FakeWorker& worker);
  // Whether it was asked or not: the core takes what it is told.
  void Cut(FakeWorker& worker, AttemptId attempt);
  static std::optional<std::uint64_t> CutAt(const FakeWorker& worker, AttemptId attempt);
  template <class Function>
  void WithAttempt(Function function);
  void Succeed();
  // Short and long tasks, and some whose time is not known.
  std::uint64_t RunTime() { return Below(4) == 0 ? 0 : std::uint64_t{1} << Below(24); }

  void Report(AttemptFailed::Cause cause);
  // Of the task's input: few, so that one comes up again. Now and then none is to blame.
  std::optional<InputRecord> AnyRecord(AttemptId attempt);
  // Mostly outputs that the attempt was to read, now and then anything.
  std::vector<TaskRef> LostOutputs(AttemptId attempt);
  void Stale();
  template <class Function>
  void WithWorker(Function function);

  // --- The core's answers ---------------------------------------------------------------------
  void Step(const Event& event);
  void Perform(const Action& action);
  template <class Predicate>
  FakeWorker* Find(Predicate predicate);

  std::uint32_t Below(std::uint32_t bound) { return shapes_.Below(bound); }

  RandomShapes shapes_;
  Instant now_;
  CheckedCore checked_;
  const Coordinator& core_ = checked_.core();
  std::vector<FakeWorker> workers_;
  std::set<JobId> to_commit_;
  std::uint64_t asks_ = 0;
  std::uint64_t overdue_ = 0;
  std::uint64_t expected_successes_ = 0;
};

}  // namespace gristmill::coordinator
