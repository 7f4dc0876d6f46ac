// The commands that speak to a coordinator. Each prints, and returns the exit code.
#pragma once

#include <string>

#include "cli/job_flags.h"
#include "cli/job_teller.h"

namespace gristmill::cli {

struct ClusterFlags {
  std::string coordinator;  // --coordinator as given; empty: see CoordinatorAddress
  bool json = false;
};

struct SubmitFlags {
  ClusterFlags cluster;
  JobFlags job;
  std::string resume;  // a job as typed, which is to go on; of `job` only where its log goes counts
  bool wait = false;
  bool detach = false;  // says what is the default; the parser refuses it beside `wait`
  bool quiet = false;
  bool profile = false;         // with `wait`: says where the time went
  JobTeller* teller = nullptr;  // with `wait`, instead of all that is printed; outlives the call
};

// Prints the job's id on stdout. With `wait` shows the progress until the job ended or was
// suspended; Ctrl-C then leaves the job running.
int SubmitJob(const SubmitFlags& flags);

// `job` as typed: "7" or "job-7".
int WatchJob(const ClusterFlags& flags, const std::string& job, bool quiet);
int ShowStatus(const ClusterFlags& flags, const std::string& job);
int ListJobs(const ClusterFlags& flags);
int CancelJob(const ClusterFlags& flags, const std::string& job);
int SuspendJob(const ClusterFlags& flags, const std::string& job);
// With `tsv` as --job-log writes them.
int ShowTasks(const ClusterFlags& flags, const std::string& job, bool tsv = false);
int ShowCounters(const ClusterFlags& flags, const std::string& job);
int ShowWorkers(const ClusterFlags& flags);

}  // namespace gristmill::cli
