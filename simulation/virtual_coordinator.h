// The coordinator: the real core and the real journal, with a modelled shell round them. A turn
// takes what is queued, steps it, hands the records to the disk and speaks once they are there; see
// coordinator/rpc/{shell,driver,worker_links,session_events}.cc for what is modelled.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "coordinator/rpc/stall_detector.h"
#include "simulation/durable_log.h"
#include "simulation/world.h"

namespace gristmill::simulation {

class VirtualCoordinator {
 public:
  explicit VirtualCoordinator(World* world);

  // --- The process ------------------------------------------------------------------------------
  void Start();
  // What it was writing may or may not have reached the disk.
  void Crash(bool batch_survives);
  bool alive() const { return core_ != nullptr; }
  std::uint32_t generation() const { return generation_; }

  // --- Faults
  // -------------------------------------------------------------------------------------
  void Pause(Microseconds until) { paused_until_ = std::max(paused_until_, until); }
  bool IsPaused(Microseconds now) const { return now < paused_until_; }
  Microseconds paused_until() const { return paused_until_; }
  void SlowSync(Microseconds takes) { next_sync_ = takes; }
  void JumpClock(std::int64_t ms);

  // --- Events
  // -------------------------------------------------------------------------------------
  // When a message that arrives now, under a load, will have been read.
  Microseconds ReadsUntil();
  void OnMessage(SessionId session, UpMessage message);
  void OnSessionEnd(SessionId session);
  void OnSubmit(std::uint32_t client);
  void OnCancel(JobId job);
  void OnSuspend(JobId job);
  void OnResume(JobId job);
  void OnOutputCommitted(JobId job, bool ok);
  void OnTurnBegins();
  void OnTurnSynced();
  void OnTimer();

  // --- What the checkers want to know
  // -------------------------------------------------------------
  const coordinator::Coordinator& core() const { return *core_; }
  DurableLog& log() { return log_; }
  bool in_turn() const { return in_turn_; }
  // All jobs that are in the journal are final.
  bool idle() const { return open_jobs_ == 0; }
  std::uint64_t crashes() const { return crashes_; }
  // From the first submission until no job was open: turns, and what there was to read.
  struct Work {
    Microseconds time = 0, decided = 0, read = 0;
  };
  const Work& work() const { return work_; }

 private:
  struct Told {
    JobId job;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> sources, broadcasts;  // stage, version + 1
  };
  struct Outbox {
    std::vector<DownMessage> messages;
    std::vector<AttemptId> acknowledged;
  };
  struct Link {
    SessionId session = 0;  // 0: none
    std::vector<Told> told;
    Outbox outbox;
    bool waits_for_flush = false;
  };
  struct FromWorker {
    SessionId session;
    UpMessage message;
  };
  struct SessionEnded {
    SessionId session;
  };
  struct ClientSubmit {
    std::uint32_t client;
  };
  struct Recovery {};
  using Item = std::variant<FromWorker, SessionEnded, ClientSubmit, coordinator::CancelJob,
                            coordinator::SuspendJob, coordinator::ResumeJob,
                            coordinator::OutputCommitted, Recovery>;
  using StageRef = std::pair<JobId, std::uint32_t>;

  // virtual_coordinator.cc: the turn. coordinator_events.cc: what it steps.
  void Enqueue(Item item);
  void ScheduleTurn();
  void SetTimer();
  void Handle(FromWorker& item);
  void Handle(SessionEnded& item);
  void Handle(ClientSubmit& item);
  void Handle(coordinator::CancelJob& item) { Step(item); }
  void Handle(coordinator::SuspendJob& item) { Step(item); }
  void Handle(coordinator::ResumeJob& item) { Step(item); }
  void Handle(coordinator::OutputCommitted& item) { Step(item); }
  void Handle(Recovery&);
  coordinator::Event ReportEvent(WorkerId worker, const worker::Report& report) const;
  void Step(coordinator::Event event);
  void Take(coordinator::Output output);
  void Heard(WorkerId worker);
  void OnStall();
  Microseconds TurnTime();
  void Append();
  void CheckState();
  void Speak();
  void EndTurn();

  // coordinator_speech.cc: what actions mean, and the links that carry it.
  void Perform(const coordinator::StartAttempt& action);
  void Perform(const coordinator::CancelAttempt& action);
  void Perform(const coordinator::AskCut& action);
  void Perform(const coordinator::StopOverdue& action);
  void Perform(const coordinator::AcceptWorker& action);
  void Perform(const coordinator::DropWorker& action);
  void Perform(const coordinator::AcknowledgeReport& action);
  void Perform(const coordinator::CommitOutput& action);
  void Perform(const coordinator::EndJob& action);
  void Perform(const coordinator::JobAccepted& action);
  void Perform(const coordinator::ReleaseWorker& action);
  void Perform(const coordinator::DropJobs& action);
  void Perform(const coordinator::QuarantineWorker&) {}  // for people only
  void Perform(const coordinator::EndQuarantine&) {}
  void Perform(const coordinator::NoteDiskSpace&) {}
  void TellJobEnd(JobId job, WorkerId worker);
  void TellSources(Told& told, StageRef stage, Outbox& outbox);
  void TellBroadcast(Told& told, StageRef stage, Outbox& outbox);
  std::vector<std::uint64_t> SkipsOf(const TaskRef& task, const TaskPart& part) const;
  // The link, if it has a session; it is flushed at the end of the turn.
  Link* Find(WorkerId worker);
  Link& LinkOf(WorkerId worker);
  void Retire(WorkerId worker);
  void Flush(SessionId session, Outbox& outbox);

  World* const world_;
  static constexpr DurationMs kHeartbeatMs = 1'000;
  const coordinator::Limits limits_;
  DurableLog log_;
  std::unique_ptr<coordinator::Coordinator> core_;
  std::uint32_t generation_ = 0;
  std::uint64_t crashes_ = 0;
  std::uint32_t open_jobs_ = 0;
  VirtualClock clock_;
  Microseconds paused_until_ = 0;
  Microseconds next_sync_ = 0;  // 0: as usual

  // --- The loop
  // -----------------------------------------------------------------------------------
  std::vector<Item> queue_;
  bool in_turn_ = false;
  bool turn_scheduled_ = false;
  Microseconds timer_at_;
  std::optional<coordinator::StallDetector> stalls_;  // of the living process
  Instant now_;                                       // of the turn
  std::vector<coordinator::Record> batch_;
  struct Lease {
    Instant began;
    int unheard = 0;  // in a row, given because the coordinator stood still
  };
  std::vector<Lease> leases_;     // by worker - 1: the checkers' own book
  std::uint32_t submitting_ = 0;  // the client
  std::uint64_t turns_ = 0;
  // This turn took so many of them; only a load asks what they cost.
  std::uint32_t events_ = 0, messages_ = 0;
  Microseconds reads_until_ = 0;
  Work so_far_, work_;
  std::optional<Microseconds> work_began_;

  // --- Said after the batch is on disk
  // ------------------------------------------------------------
  std::vector<coordinator::CommitOutput> commits_;
  std::vector<WorkerId> releases_;
  std::vector<std::pair<std::uint32_t, JobId>> replies_;  // by client
  std::vector<std::pair<SessionId, Outbox>> closing_;

  // --- Sessions
  // -------------------------------------------------------------------------------------
  std::deque<Link> links_;  // by worker - 1
  std::vector<WorkerId> to_flush_;
  absl::flat_hash_map<std::string, SessionId> opening_;  // by instance
  absl::flat_hash_map<SessionId, WorkerId> workers_;
  std::vector<SessionId> read_;  // sessions whose message this turn takes: they read on after it
  absl::flat_hash_map<SessionId, std::deque<UpMessage>> unread_;

  std::map<JobId, std::shared_ptr<const StartPayload>> plans_;
  std::map<StageRef, std::shared_ptr<SourcesPayload>> sources_;
};

}  // namespace gristmill::simulation
