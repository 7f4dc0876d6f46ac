// The facts of which sentences about a job are made, and who knows something of its log.
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/rpc/job_catalog.h"
#include "coordinator/rpc/job_insight.h"
#include "coordinator/rpc/worker_links.h"
#include "gristmill/v1/insight.pb.h"
#include "gristmill/v1/job_service.pb.h"

namespace gristmill::coordinator {

struct ExplainSources {
  const Coordinator& core;
  const JobCatalog& catalog;
  const JobInsight& insight;
};

// Of bounded size. The job is known.
v1::JobFacts ExplainJob(const ExplainSources& sources, JobId job, Instant now);

// The job is known.
v1::LogSourcesResponse LogSourcesOf(const ExplainSources& sources, WorkerLinks& links, JobId job);

}  // namespace gristmill::coordinator
