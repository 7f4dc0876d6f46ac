// One job on the cluster while faults strike it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/instant.h"
#include "chaos/injector.h"
#include "chaos/network.h"
#include "chaos/strikes.h"
#include "client/client.h"
#include "cluster/local_cluster.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::chaos {

// How often tasks were tried. What is not the first attempt of a task has one of four reasons.
struct Attempts {
  std::uint64_t tasks = 0;  // the minimum: each is tried once
  std::uint64_t started = 0;
  std::uint64_t outputs_lost = 0;  // finished map output that went with its worker: made again
  std::uint64_t copies = 0;        // second attempts of slow tasks
  std::uint64_t failed = 0;        // the runner was killed under them

  std::uint64_t beyond() const { return started > tasks ? started - tasks : 0; }
  // Their worker was lost or gave them back, or they missed the output of a lost one.
  std::uint64_t interrupted() const {
    const std::uint64_t explained = outputs_lost + copies + failed;
    return beyond() > explained ? beyond() - explained : 0;
  }
  void Add(const Attempts& other);
};

struct Round {
  std::uint64_t seed = 0;
  DurationMs took_ms = 0;  // the job
  Attempts attempts;
  std::vector<Deed> deeds;
  StrikeCounts counts{};
  absl::Status broken;  // what did not hold
};

struct RoundOptions {
  std::string name;  // unique among the rounds of the cluster
  std::uint64_t seed = 0;
  FaultSet faults;  // empty: none strikes
  StrikeLimits limits;
  v1::JobRequest request;        // its output directory is new
  std::vector<LocalFile> files;  // that come with it
  std::string expected_output;
  DurationMs storm_ms = 0;     // faults strike for so long at most
  DurationMs patience_ms = 0;  // after that the job has so long to end
};

// What the job does now, and how many faults struck, for those who watch.
using OnProgress = std::function<void(const v1::JobStatus&, std::size_t faults)>;

// Used by the thread that uses the cluster.
class RoundRunner {
 public:
  // All outlive this. `network` is null if the faults have no cuts.
  RoundRunner(cluster::LocalCluster* cluster, Network* network, Client* client,
              cluster::ChildSet* children)
      : cluster_(cluster), network_(network), client_(client), children_(children) {}

  // Learns where the cluster's attempt numbers are. Call it once, before the first round.
  absl::Status Prepare();
  // The job under faults, then the cluster mended, then the output compared. After a round that
  // broke, the cluster's processes are dead and its files as they were.
  Round Run(const RoundOptions& options, const OnProgress& on_progress);

 private:
  absl::Status RunJob(const RoundOptions& options, const OnProgress& on_progress, Round* round);
  absl::Status Strike(const RoundOptions& options, const OnProgress& on_progress, Round* round,
                      class JobFollower* follower);
  absl::StatusOr<std::uint64_t> NextAttempt(const std::string& name);

  cluster::LocalCluster* const cluster_;
  Network* const network_;
  Client* const client_;
  cluster::ChildSet* const children_;
  std::uint64_t last_attempt_ = 0;  // of the cluster, before the round
};

}  // namespace gristmill::chaos
