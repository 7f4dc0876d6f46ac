// What the shell is to do after the records of the same Output are on disk.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/record.h"

namespace gristmill::coordinator {

struct StartAttempt {
  WorkerId worker;
  AttemptId attempt;
  TaskRef task;
  bool alone = false;  // in a runner of its own
};
struct CancelAttempt {
  WorkerId worker;
  AttemptId attempt;
};
// The attempt is to give up the second half of what it has not read. Nothing is lost if it does not
// hear of it; what it does comes with its progress or its success.
struct AskCut {
  WorkerId worker;
  AttemptId attempt;
};
// The attempt has had its thread for longer than `limit_ms`: it is to be stopped, and is to fail.
// Said again and again while the worker speaks of it.
struct StopOverdue {
  WorkerId worker;
  AttemptId attempt;
  DurationMs limit_ms = 0;
};
// The answer to WorkerRegistered; the shell binds the session named `instance` to `worker`.
struct AcceptWorker {
  WorkerId worker;
  std::string instance;
  bool forget_everything = false;
};
// Ends the session of a lost worker, if one is open.
struct DropWorker {
  WorkerId worker;
  std::string reason;
};
// The worker's report was folded (or was stale): it need not repeat it.
struct AcknowledgeReport {
  WorkerId worker;
  AttemptId attempt;
};
// Rename the winners' files into place, write _SUCCESS; then send OutputCommitted.
// Idempotent: asked again after a restart.
struct CommitOutput {
  JobId job;
  std::vector<AttemptId> winners;  // by task of the last stage
};
// The job reached a final state: workers drop its runners and runs, staging is removed. Asked again
// after a restart. Idempotent.
struct EndJob {
  JobId job;
  JobState state = JobState::kSucceeded;
};
// The worker still holds something of these jobs, which ended while it could not be told.
struct DropJobs {
  WorkerId worker;
  std::vector<JobId> jobs;
};
// The answer to SubmitJob.
struct JobAccepted {
  JobId job;
};
// The draining worker runs nothing and holds nothing that is needed.
struct ReleaseWorker {
  WorkerId worker;
};
// For people: what the core keeps from the worker, and why. The second takes the first back.
struct QuarantineWorker {
  WorkerId worker;
  DurationMs ms = 0;
  std::string evidence;
};
struct EndQuarantine {
  WorkerId worker;
};
// Likewise: whether the worker gets no attempts for want of disk space.
struct NoteDiskSpace {
  WorkerId worker;
  bool is_short = false;
};

using Action =
    std::variant<StartAttempt, CancelAttempt, AcceptWorker, DropWorker, AcknowledgeReport,
                 CommitOutput, EndJob, DropJobs, JobAccepted, ReleaseWorker, QuarantineWorker,
                 EndQuarantine, NoteDiskSpace, AskCut, StopOverdue>;

}  // namespace gristmill::coordinator
