// From what the core and the catalog know to what clients see.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/rpc/job_catalog.h"
#include "coordinator/rpc/job_insight.h"
#include "coordinator/rpc/work_account.h"
#include "gristmill/v1/job_service.pb.h"

namespace gristmill::coordinator {

// Live workers and their slots together, at this moment.
struct ClusterSize {
  Instant now;
  std::uint32_t workers = 0;
  std::uint32_t slots = 0;
  std::map<WorkerState, std::uint32_t> by_state;  // none is zero
};
ClusterSize SizeOf(const Coordinator& core, Instant now);

// The job is known to both.
v1::JobStatus ViewJob(const Coordinator& core, const JobCatalog& catalog, JobId job,
                      const ClusterSize& cluster);

// For a job that neither knows.
absl::Status NoSuchJob(const Coordinator& core, JobId job);

// The newest jobs, at most `jobs_max` and as many as fit into one message, in order of submission.
v1::ListResponse ViewJobs(const Coordinator& core, const JobCatalog& catalog, std::size_t jobs_max,
                          Instant now);

// One page; the job is known.
v1::TasksResponse ViewTasks(const Coordinator& core, const JobCatalog& catalog,
                            const JobInsight& insight, const v1::TasksRequest& request);

// The task is known, and not forgotten.
v1::TaskDescription DescriptionOf(const Coordinator& core, const JobCatalog& catalog,
                                  const TaskRef& task);

v1::CountersResponse ViewCounters(const JobView& job);

v1::WorkersResponse ViewWorkers(const Coordinator& core, Instant now);
v1::CoordinatorWork ViewWork(const WorkAccount& work);

}  // namespace gristmill::coordinator
