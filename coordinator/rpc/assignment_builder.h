// From "start this attempt there" to the messages that a worker needs for it.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/ids.h"
#include "coordinator/core/action.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/rpc/job_catalog.h"
#include "coordinator/rpc/worker_links.h"
#include "gristmill/v1/worker_service.pb.h"

namespace gristmill::coordinator {

// Not thread-safe: lives on the shell's thread.
class AssignmentBuilder {
 public:
  AssignmentBuilder(const Coordinator* core, const JobCatalog* catalog)
      : core_(core), catalog_(catalog) {}

  // Puts into the link's outbox what its worker was not told yet (the job's plan, where the map
  // output lies, the results of upstream stages), then the assignment. To be called right after
  // the Step that asked for it: the upstream stages are complete.
  void Assign(const StartAttempt& start, WorkerLink* link);
  // Drops what is kept of the job.
  void Forget(JobId job);

 private:
  using StageRef = std::pair<JobId, std::uint32_t>;
  struct Sources {
    std::uint64_t version = 0;
    v1::CoordinatorMessage message;
  };

  void TellSources(StageRef stage, WorkerLink* link);
  void TellBroadcast(StageRef stage, WorkerLink* link);
  v1::CoordinatorMessage MakeSources(StageRef stage) const;

  const Coordinator* const core_;
  const JobCatalog* const catalog_;
  std::map<StageRef, Sources> sources_;  // the newest version of each, to copy for each worker
};

}  // namespace gristmill::coordinator
