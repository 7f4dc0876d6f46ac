// One worker: the real core, with a modelled shell (session, runners, disk) round it. See
// worker/worker.cc, worker/rpc/session_client.cc and worker/runner/ for what is modelled.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/virtual_runner.h"
#include "simulation/world.h"
#include "worker/core/worker_core.h"

namespace gristmill::simulation {

class VirtualWorker {
 public:
  // A host on which no process runs yet.
  VirtualWorker(World* world, std::uint32_t index);

  // --- The process ------------------------------------------------------------------------------
  void Start();  // a new instance
  void Die(bool silently);
  void Drain();
  bool alive() const { return core_ != nullptr; }
  std::uint32_t incarnation() const { return incarnation_; }

  // --- Faults
  // -------------------------------------------------------------------------------------
  void Pause(Microseconds until) { paused_until_ = std::max(paused_until_, until); }
  bool IsPaused(Microseconds now) const { return now < paused_until_; }
  Microseconds paused_until() const { return paused_until_; }
  void SetSlowness(std::uint32_t times) { slowness_ = times; }
  void FillDisk(bool full) { disk_full_ = full; }
  void JumpClock(std::int64_t ms);
  void CrashRunner();
  void HangRunner();
  void DetachRunner();
  void HealAll();

  // --- Events
  // -------------------------------------------------------------------------------------
  void OnTimer();
  void OnDial();
  void OnBroken(SessionId session);
  void OnMessage(DownMessage message);
  void OnRunnerConnects(worker::RunnerId runner);
  void OnRunnerDies(std::uint64_t death);  // as packed by virtual_runner.cc
  void OnRunnerDetaches(worker::RunnerId runner);
  void OnRunnerReports(worker::RunnerId runner);
  void OnAttemptEnds(AttemptId attempt);
  void OnAttemptIsCut(AttemptId attempt);

  // --- What the checkers want to know
  // -------------------------------------------------------------
  // No runner but one in reserve.
  bool is_idle() const {
    return runners_.empty() || (runners_.size() == 1 && !runners_.front().job);
  }
  // Reports that the coordinator did not acknowledge.
  bool has_unacknowledged() const { return !unacknowledged_.empty(); }

 private:
  void Do(const worker::Input& input);
  void SetTimer();
  void PushMine(Microseconds after, Happening what, std::uint64_t detail = 0);
  void Dial();
  void Vanish();

  void Perform(const worker::SendRegister& output);
  void Perform(const worker::SendHeartbeat& output);
  void Perform(const worker::SendReports& output);
  void Perform(const worker::SendDrain& output);
  void Perform(const worker::SendGoodbye& output);
  void Perform(const worker::ResetSession& output);
  void Perform(const worker::StartRunner& output);
  void Perform(const worker::GiveRunner& output);
  void Perform(const worker::ForwardToRunner& output);
  void Perform(const worker::CancelOnRunner& output);
  void Perform(const worker::CutOnRunner& output);
  void Perform(const worker::StopRunner& output);
  void Perform(const worker::KillRunner& output);
  void Perform(const worker::DeleteAttemptFiles& output);
  void Perform(const worker::DeleteJobFiles& output);
  void Perform(const worker::DeleteAllFiles& output);
  void Perform(const worker::Exit& output);

  VirtualRunner* Find(worker::RunnerId runner);
  VirtualRunner* AnyRunner();
  void Begin(VirtualRunner& runner, VirtualAttempt attempt);
  Microseconds TimeOf(const VirtualRunner& runner, const VirtualAttempt& attempt);
  void Hold(VirtualRunner& runner, worker::Report report, bool more);
  static bool MayBeCut(const VirtualRunner& runner, const VirtualAttempt& attempt);
  std::uint32_t ThreadsOf(const VirtualRunner& runner) const;
  // Those that the new attempt was given are used by no other.
  void CheckGpus(const VirtualRunner& runner, const VirtualAttempt& fresh);
  void SetBroadcast(VirtualRunner& runner, const BroadcastPayload& broadcast);
  // The sources that the attempt's stage reads, as its runner knows them.
  std::vector<SourcesPtr> InputsOf(const VirtualRunner& runner,
                                   const AssignmentPayload& assignment);
  // What the runners say of their progress; the real ones do so twice between heartbeats.
  void ReportProgress();
  worker::Report Finish(const VirtualAttempt& attempt, std::optional<std::uint64_t> dies_at);
  std::optional<std::uint64_t> DiesAt(const VirtualRunner& runner, const VirtualAttempt& attempt);
  void CrashAt(const VirtualRunner& runner, AttemptId attempt, std::uint64_t record);
  void CheckSkips(const VirtualAttempt& attempt);
  // The outputs the attempt can't read; null if it read them all.
  std::shared_ptr<FetchFailedDetails> Read(const VirtualAttempt& attempt);
  void Note(const worker::Report& report);

  World* const world_;
  const std::uint32_t index_;
  std::uint32_t incarnation_ = 0;
  coordinator::WorkerResources resources_;
  std::string instance_;
  std::unique_ptr<worker::WorkerCore> core_;
  VirtualClock clock_;
  WorkerId id_;  // as last registered

  Microseconds timer_at_;
  SessionId session_ = 0;
  Microseconds backoff_ = 0;
  bool heard_ = false;  // on this session

  Microseconds paused_until_ = 0;
  std::uint32_t slowness_ = 1;
  bool disk_full_ = false;
  bool knows_disk_full_ = false;
  double owed_us_ = 0;  // of the slots' time, for messages

  std::vector<VirtualRunner> runners_;
  std::vector<AttemptId> unacknowledged_;
};

}  // namespace gristmill::simulation
