// What happens to the coordinator, as values. The shell (or the simulator) makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/job_shape.h"
#include "coordinator/core/task_needs.h"

namespace gristmill::coordinator {

using Counters = std::vector<std::pair<std::string, std::uint64_t>>;

// A record of a job's input: where it begins.
struct InputRecord {
  std::string path;
  std::uint64_t offset = 0;  // in the (decompressed) file
  friend constexpr auto operator<=>(const InputRecord&, const InputRecord&) = default;
};

// A client's validated job. The core gives it the next JobId.
struct SubmitJob {
  JobShape shape;
};
struct CancelJob {
  JobId job;
  std::string reason;
};
// A running job's attempts are cancelled and none is started, until it is resumed.
struct SuspendJob {
  JobId job;
  std::string reason;
};
// What failed before is forgiven: tries are counted anew.
struct ResumeJob {
  JobId job;
};
// The outcome of Action CommitOutput.
struct OutputCommitted {
  JobId job;
  bool ok = false;
  std::string message;
};

// A worker opened a session. A known, live instance keeps its WorkerId.
struct WorkerRegistered {
  std::string instance;
  std::string name;
  WorkerResources resources;
  std::string shuffle_address;
  std::string spill_directory;
  std::vector<AttemptId> running;  // attempts it still runs or has unacknowledged reports for
  std::vector<JobId> jobs = {};    // that it holds runners, attempts or files of
};
struct WorkerHeartbeat {
  WorkerId worker;
  struct Progress {
    AttemptId attempt;
    std::uint64_t records = 0;  // of its input, so far
    // Of a task that may be cut: how many millionths of its part are done, zero if that is not
    // known; where the part ends, counted from its beginning, since the attempt was cut.
    std::uint32_t done_ppm = 0;
    std::optional<std::uint64_t> cut_at = {};
    DurationMs run_ms = 0;  // on its thread; zero while it waits for one
  };
  std::vector<Progress> progress;
  bool short_of_disk = false;  // it takes no task with runs until it says otherwise
};
// Its stream broke; its lease still runs.
struct WorkerDisconnected {
  WorkerId worker;
};
struct WorkerDraining {
  WorkerId worker;
};
struct WorkerLeft {
  WorkerId worker;
};

struct AttemptSucceeded {
  WorkerId worker;
  AttemptId attempt;
  Counters counters;
  std::string result;         // for broadcast edges
  std::uint64_t run_us = 0;   // how long a thread was at it; zero if that is not known
  std::uint64_t records = 0;  // of its input
  std::optional<std::uint64_t> cut_at = {};  // as in WorkerHeartbeat::Progress
};
struct AttemptFailed {
  WorkerId worker;
  AttemptId attempt;
  enum class Cause : std::uint8_t { kUser, kFetch, kHandedBack } cause = Cause::kUser;
  std::string message;
  std::vector<TaskRef> lost_outputs;  // kFetch
  bool run_alone = false;             // its runner died: the next attempt is to have one of its own
  // kUser: the job's code died at this record of the task's input, and nothing else was at fault.
  std::optional<InputRecord> record = {};
};

// The coordinator itself stood still: what its workers said meanwhile may not have arrived yet, so
// their silence proves nothing.
struct CoordinatorStalled {};

// Nothing happened, but a deadline (Coordinator::next_deadline) may have passed.
struct Tick {};

using Event = std::variant<SubmitJob, CancelJob, SuspendJob, ResumeJob, OutputCommitted,
                           WorkerRegistered, WorkerHeartbeat, WorkerDisconnected, WorkerDraining,
                           WorkerLeft, AttemptSucceeded, AttemptFailed, CoordinatorStalled, Tick>;

}  // namespace gristmill::coordinator
