// What the shell is to do, in order. Sending without an open session is allowed and does nothing:
// what matters is repeated at the next registration.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "worker/core/input.h"

namespace gristmill::worker {

// --- To the coordinator ------------------------------------------------------------------------
struct SendRegister {
  std::vector<AttemptId> running;  // still running, or reported but not acknowledged
  std::vector<JobId> jobs;         // known and not ended
};
// Of status and notes of an attempt only what the coordinator is to hear: notes seldom, a status
// once.
struct SendHeartbeat {
  std::vector<Progress> progress;
  bool short_of_disk = false;
};
struct SendReports {
  std::vector<Report> reports;
};
struct SendDrain {};
struct SendGoodbye {};
// Break the stream and dial again.
struct ResetSession {
  std::string reason;
};

// --- To runners --------------------------------------------------------------------------------
struct StartRunner {
  RunnerId runner;
  JobId job;           // zero: it is started before any job needs it, see GiveRunner
  bool alone = false;  // with one thread, for one attempt
};
// A runner that was started without a job has one from now on.
struct GiveRunner {
  RunnerId runner;
  JobId job;
};
// The payload of JobStarted, SourcesChanged, BroadcastMade or AttemptAssigned, as it came.
struct ForwardToRunner {
  RunnerId runner;
  PayloadPtr payload;
  std::vector<std::uint32_t> gpus = {};  // of AttemptAssigned: indices of those it is to use
};
struct CancelOnRunner {
  RunnerId runner;
  std::vector<AttemptId> attempts;
};
struct CutOnRunner {
  RunnerId runner;
  std::vector<AttemptId> attempts;
};
struct StopRunner {
  RunnerId runner;
};
// The whole process group, by SIGKILL; RunnerDied follows.
struct KillRunner {
  RunnerId runner;
};

// --- The rest ----------------------------------------------------------------------------------
// What attempts that died with their runner left in the spill directory.
struct DeleteAttemptFiles {
  JobId job;
  std::vector<AttemptId> attempts;
};
struct DeleteJobFiles {
  JobId job;
};
struct DeleteAllFiles {};
// Nothing is to come after it. The shell flushes what was sent, then ends the process's work.
struct Exit {
  std::string reason;  // why it could not go on; empty if it was told to leave
};

using Output =
    std::variant<SendRegister, SendHeartbeat, SendReports, SendDrain, SendGoodbye, ResetSession,
                 StartRunner, GiveRunner, ForwardToRunner, CancelOnRunner, CutOnRunner, StopRunner,
                 KillRunner, DeleteAttemptFiles, DeleteJobFiles, DeleteAllFiles, Exit>;

}  // namespace gristmill::worker
