// The deterministic half of the worker: which attempts run where, what was reported and not yet
// acknowledged, which runner lives and which must die. No clock, thread, file or socket: time
// comes in, work comes out as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "worker/core/input.h"
#include "worker/core/output.h"

namespace gristmill::worker {

struct WorkerLimits {
  std::uint32_t slots = 1;
  std::uint32_t gpus = 0;
  DurationMs drain_deadline_ms = 60'000;
  DurationMs register_deadline_ms = 15'000;      // from the open stream to Registered
  DurationMs runner_start_deadline_ms = 20'000;  // from its start to its first message
  DurationMs notes_period_ms = 5'000;            // between an attempt's notes for people
  DurationMs stop_deadline_ms = 2'000;           // from a request to stop to SIGKILL
  DurationMs idle_runner_ms = 60'000;            // for which a job's runner stays without tasks
  bool keeps_spare_runner = false;               // started before a job needs it
  int silent_leases_max = 3;  // leases without a word while an acknowledgement is due
};

// Not thread-safe. Same state, input and now: same outputs.
class WorkerCore {
 public:
  explicit WorkerCore(WorkerLimits limits)
      : limits_(limits), spare_wanted_(limits.keeps_spare_runner) {
    for (std::uint32_t gpu = 0; gpu < limits.gpus; ++gpu) free_gpus_.insert(gpu);
  }

  // Performs nothing itself: the caller performs the outputs in order before the next Step.
  std::vector<Output> Step(const Input& input, Instant now);

  // When Step(Tick) next has something to do; kNever if nothing waits.
  Instant next_deadline() const;

 private:
  enum class Session : std::uint8_t { kNone, kRegistering, kRegistered };
  // Why a runner is being killed; decides what becomes of its attempts.
  enum class Death : std::uint8_t {
    kNotWanted,      // by itself: a crash, which is the user code's failure
    kNotConnecting,  // likewise, it never said hello
    kDetached,       // its stream broke but it lives on
    kNotStopping,    // a cancelled or overdue attempt would not end; the others are handed back
    kJobEnded,
    kForgotten
  };
  struct Job {
    PayloadPtr start;
    DurationMs task_timeout_ms = 0;
    bool brings_files = false;
    std::uint32_t gpus = 0;                          // of each task
    std::map<std::uint32_t, PayloadPtr> sources;     // by upstream stage
    std::map<std::uint32_t, PayloadPtr> broadcasts;  // by upstream stage
    RunnerId runner;                                 // takes new assignments; zero if there is none
    bool ended = false;                              // waits for the death of its runners
  };
  struct Runner {
    JobId job;           // zero: it is the spare one, or was when it began to die
    bool alone = false;  // for one attempt, after which it ends
    bool connected = false;
    Death death = Death::kNotWanted;
    bool killed = false;
    Instant kill_at = kNever;     // becomes `death` then
    Instant idle_until = kNever;  // ends then, unless it gets an attempt before
    std::set<AttemptId> attempts;
    std::set<AttemptId> cancelled;  // a subset of attempts
    // Likewise: asked to stop because their time, so much, is up.
    std::map<AttemptId, DurationMs> overdue;
    std::map<AttemptId, Instant> time_up;  // of those that run and are not overdue yet
    DurationMs task_timeout_ms = 0;
    std::vector<std::uint32_t> gpus;   // of attempts that ended with their job, until it is dead
    std::vector<AttemptId> forgotten;  // that it may be writing files for until it is dead
  };
  struct Attempt {
    JobId job;
    RunnerId runner;
    PayloadPtr assignment;
    // As in Progress.
    std::uint64_t records = 0;
    std::uint32_t done_ppm = 0;
    std::optional<std::uint64_t> cut_at = {};
    DurationMs run_ms = 0;
    // Chosen when it goes to its runner: until there are enough it waits.
    std::vector<std::uint32_t> gpus = {};
    bool waits_for_gpus = false;
    std::string status = {};
    bool status_is_told = true;  // on this session
    PayloadPtr notes = nullptr;
    Instant next_notes = {};  // told again then
  };
  struct Unacknowledged {
    JobId job;
    Report report;
  };

  // One handler per input; session.cc, jobs.cc and runners.cc (with spare_runner.cc) hold one
  // family each.
  void On(const SessionOpened&);
  void On(const SessionRegistered&);
  void On(const SessionBroken&);
  void On(const SessionLost&);
  void On(const ReportsAcknowledged&);
  void On(const DrainCompleted&);
  void On(const DiskSpaceChanged&);
  void On(const DrainRequested&);
  void On(const Tick&);
  void On(const JobStarted&);
  void On(const SourcesChanged&);
  void On(const BroadcastMade&);
  void On(const AttemptAssigned&);
  void On(const AttemptsCancelled&);
  void On(const AttemptsOverdue&);
  void On(const CutsAsked&);
  void On(const JobEnded&);
  void On(const RunnerSpawned&);
  void On(const RunnerConnected&);
  void On(const RunnerReported&);
  void On(const RunnerProgressed&);
  void On(const RunnerDetached&);
  void On(const RunnerDied&);

  void Emit(Output output) { outputs_.push_back(std::move(output)); }
  void Beat();
  void ForgetEverything();
  void Leave(std::string reason);
  Instant silence_deadline() const;

  // Keeps the report until it is acknowledged; it goes out at the end of the step.
  void KeepReport(JobId job, Report report);
  void HandBack(JobId job, AttemptId attempt, std::string why);
  Job* LiveJob(JobId job);
  RunnerId RunnerFor(JobId id, Job& job);
  RunnerId StartRunnerOf(JobId id, const Job& job, bool alone);
  void StartSpareIfIdle();
  bool HasSpareFor(const Job& job) const;
  RunnerId GiveSpareTo(JobId id, const Job& job);
  void EndSpare();
  // What a runner that connected is to know of its job, and its attempts.
  void TellAll(RunnerId id, const Runner& runner, const Job& job);
  // One that was started for an attempt which is over.
  void EndIfDone(RunnerId id, Runner& runner);
  // Its job may go on for hours without a task for it, as one that is suspended does.
  void EndIfIdle(RunnerId id, Runner& runner);
  // It has no attempts.
  void EndUnused(RunnerId id, Runner& runner);
  void ForwardToRunnerOf(const Job& job, const PayloadPtr& payload);
  // To the attempt's runner, if that is connected and the attempt waits for nothing.
  void ForwardAssignment(const Attempt& attempt);
  void TakeGpus(const Job& job, AttemptId id, Attempt& attempt);
  void ReturnGpus(std::vector<std::uint32_t>& gpus);
  // Attempts that waited for those that became free.
  void ServeGpus();
  void Kill(RunnerId id, Runner& runner, Death death);
  void KillBy(Runner& runner, Instant deadline, Death death);
  void StopOverdue(RunnerId id, Runner& runner);
  void ReportStopped(const Runner& runner, AttemptId attempt);
  void Blame(const Runner& runner, AttemptId id, std::size_t suspects, std::string message,
             std::optional<std::uint64_t> bad_record = std::nullopt);
  void DropAttempt(AttemptId attempt);
  void DeleteForgotten(const Runner& runner);
  void FinishEndedJob(JobId job);

  const WorkerLimits limits_;
  Instant now_;  // of the running step
  std::vector<Output> outputs_;
  std::vector<Report> fresh_reports_;

  Session session_ = Session::kNone;
  bool ever_registered_ = false;
  Instant register_by_ = kNever;
  DurationMs heartbeat_ms_ = 1'000;
  DurationMs lease_ms_ = 10'000;
  Instant next_heartbeat_ = kNever;
  Instant last_heard_;  // or since when an acknowledgement has been due, if that is later

  bool short_of_disk_ = false;
  bool draining_ = false;
  Instant leave_at_ = kNever;
  bool left_ = false;

  RunnerId last_runner_;
  RunnerId spare_;  // zero if there is none
  bool spare_wanted_;
  std::map<JobId, Job> jobs_;
  std::map<RunnerId, Runner> runners_;
  std::map<AttemptId, Attempt> attempts_;
  std::map<AttemptId, Unacknowledged> reports_;
  std::set<std::uint32_t> free_gpus_;
  std::set<AttemptId> wait_for_gpus_;
};

}  // namespace gristmill::worker
