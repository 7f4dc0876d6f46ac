// The coordinator's decisions. The journal stores them; Coordinator::Apply folds them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/ids.h"
#include "coordinator/core/event.h"
#include "coordinator/core/job_shape.h"

namespace gristmill::coordinator {

enum class JobState : std::uint8_t { kRunning, kCommitting, kSucceeded, kFailed, kCancelled };

struct JobSubmittedRecord {
  JobId job;
  JobShape shape;
};
struct JobStateRecord {
  JobId job;
  JobState state = JobState::kRunning;
  std::string message;
};
struct WorkerJoinedRecord {
  WorkerId worker;
  std::string instance;
  std::string name;
  std::uint32_t slots = 0;
  std::string shuffle_address;
  std::string spill_directory;
};
struct WorkerLostRecord {
  WorkerId worker;
  std::string reason;
};
struct WorkerDrainedRecord {
  WorkerId worker;
};
struct AttemptAssignedRecord {
  AttemptId attempt;
  TaskRef task;
  WorkerId worker;
};
struct AttemptSucceededRecord {
  AttemptId attempt;
  Counters counters;
  std::string result;
};
struct AttemptEndedRecord {
  AttemptId attempt;
  bool counts_as_failure = false;
  std::string message;
};
struct OutputLostRecord {
  TaskRef task;
};

using Record = std::variant<JobSubmittedRecord, JobStateRecord, WorkerJoinedRecord,
                            WorkerLostRecord, WorkerDrainedRecord, AttemptAssignedRecord,
                            AttemptSucceededRecord, AttemptEndedRecord, OutputLostRecord>;

}  // namespace gristmill::coordinator
