// What happens to the worker, as values. The shell translates messages, deaths and timers to them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"

namespace gristmill::worker {

// A message that the core keeps and hands on without looking inside. The shell derives from it.
class Payload {
 public:
  virtual ~Payload() = default;
};
using PayloadPtr = std::shared_ptr<const Payload>;

using RunnerId = Id<struct RunnerTag>;  // 1, 2, … in order of start; never used twice

enum class Outcome : std::uint8_t { kSucceeded, kFailed, kFetchFailed, kHandedBack };

// The end of one attempt.
struct Report {
  AttemptId attempt;
  Outcome outcome = Outcome::kSucceeded;
  std::string message;
  PayloadPtr details;      // the runner's own report; null if the core made this one
  bool run_alone = false;  // the attempt died with its runner: the next one is to have its own
  // Where the record begins in its input file at which the attempt died; if `details` are there,
  // they say it.
  std::optional<std::uint64_t> bad_record = {};
};

struct Progress {
  AttemptId attempt;
  std::uint64_t records = 0;  // input records so far
  DurationMs run_ms = 0;      // since it got a thread; zero while it waits for one
  // Of a map task that may be cut: how much of its split is done, in millionths; where the split
  // ends since it was cut.
  std::uint32_t done_ppm = 0;
  std::optional<std::uint64_t> cut_at = {};
  // For people: what its code says that it is at; where its time goes and the like.
  std::string status = {};
  PayloadPtr notes = nullptr;
};

// --- The session with the coordinator ----------------------------------------------------------
// A stream is open and waits for Register.
struct SessionOpened {};
struct SessionRegistered {
  WorkerId worker;
  DurationMs heartbeat_ms = 1'000;
  DurationMs lease_ms = 10'000;
  bool forget_everything = false;
};
struct SessionBroken {};
// No session will come any more: refused, or no coordinator for too long.
struct SessionLost {
  std::string reason;
};
struct JobStarted {
  JobId job;
  PayloadPtr start;
  DurationMs task_timeout_ms = 0;  // most time of an attempt on its thread; zero: no limit
  bool brings_files = false;       // its runners start once they are there: see RunnerSpawned
  std::uint32_t gpus = 0;          // of each task
};
struct SourcesChanged {
  JobId job;
  std::uint32_t stage = 0;
  PayloadPtr sources;
};
struct BroadcastMade {
  JobId job;
  std::uint32_t stage = 0;
  PayloadPtr broadcast;
};
struct AttemptAssigned {
  JobId job;
  AttemptId attempt;
  PayloadPtr assignment;
  bool alone = false;  // in a runner of its own
};
struct AttemptsCancelled {
  std::vector<AttemptId> attempts;
};
// They have had their thread for longer than the coordinator lets tasks of their stage.
struct AttemptsOverdue {
  struct Overdue {
    AttemptId attempt;
    DurationMs limit_ms = 0;
  };
  std::vector<Overdue> attempts;
};
// Asked to give up some of their input.
struct CutsAsked {
  std::vector<AttemptId> attempts;
};
struct JobEnded {
  JobId job;
};
struct ReportsAcknowledged {
  std::vector<AttemptId> attempts;
};
struct DrainCompleted {};

// --- Runners -----------------------------------------------------------------------------------
// Of a job that brings files: they are there and the process was started.
struct RunnerSpawned {
  RunnerId runner;
};
struct RunnerConnected {
  RunnerId runner;
};
struct RunnerReported {
  RunnerId runner;
  std::vector<Report> reports;
};
struct RunnerProgressed {
  RunnerId runner;
  std::vector<Progress> progress;
};
// Its stream broke, so that it can't be told anything any more; it should be exiting.
struct RunnerDetached {
  RunnerId runner;
};
// What one of a runner's threads was at when the process died.
struct AttemptInFlight {
  AttemptInFlight(AttemptId id) : attempt(id) {}
  AttemptId attempt;
  std::string record = {};  // at which record, in words; empty if that is not known
  std::optional<std::uint64_t> offset = {};  // of that record, if it is one of an input file
  bool crashed = false;                      // this thread got the signal that ended the process
};
// The process is gone and reaped, or could not be started.
struct RunnerDied {
  // The exit status of a runner whose stream broke though its worker lives.
  static constexpr int kLostContactStatus = 113;
  // Of one that reported a task's failure for lack of memory and went, for the memory that user
  // code leaked goes only with the process.
  static constexpr int kOutOfMemoryStatus = 114;

  RunnerId runner;
  enum class How : std::uint8_t { kExited, kSignalled, kNotStarted } how = How::kExited;
  int code = 0;             // exit status or signal
  std::string last_output;  // the end of its stderr; why it could not be started
  std::vector<AttemptInFlight> in_flight;
  std::string crash = {};      // where the signal struck: address and stack, in words; may be empty
  bool out_of_memory = false;  // it had come to its limit before
};

// --- The disk ----------------------------------------------------------------------------------
// Whether so little is free where map output goes that no new attempt should begin.
struct DiskSpaceChanged {
  bool is_short = false;
};

// --- The operator, the clock -------------------------------------------------------------------
struct DrainRequested {};  // the second one means: leave at once
struct Tick {};            // a deadline (WorkerCore::next_deadline) may have passed

using Input =
    std::variant<SessionOpened, SessionRegistered, SessionBroken, SessionLost, JobStarted,
                 SourcesChanged, BroadcastMade, AttemptAssigned, AttemptsCancelled, AttemptsOverdue,
                 CutsAsked, JobEnded, ReportsAcknowledged, DrainCompleted, RunnerSpawned,
                 RunnerConnected, RunnerReported, RunnerProgressed, RunnerDetached, RunnerDied,
                 DiskSpaceChanged, DrainRequested, Tick>;

}  // namespace gristmill::worker
