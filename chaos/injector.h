// Carries strikes out on a cluster, and mends what they did when their time is over.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/instant.h"
#include "chaos/network.h"
#include "chaos/runner_handles.h"
#include "chaos/strikes.h"
#include "cluster/local_cluster.h"

namespace gristmill::chaos {

struct Deed {
  DurationMs at_ms = 0;  // since the round's beginning
  std::string what;
};

using StrikeCounts = std::array<std::uint64_t, kStrikeKindCount>;

// Of one round. Used by the thread that uses the cluster.
class Injector {
 public:
  // `cluster` and `network`, which is null if the plan has no cuts, outlive this. Worker i lives
  // on host i + 1 of the network, the coordinator on host 0.
  Injector(cluster::LocalCluster* cluster, Network* network, StrikePlan plan, Instant begin);

  // Does what is due. A status if a process ended that nobody struck, with its last words, or if
  // one could not be started.
  absl::Status Act(Instant now);
  // When something is due next.
  Instant next() const;
  // Strikes no more. What was done is mended when its time is over.
  void Rest() { next_strike_ = kNever; }
  // The same, and mends all of it now.
  absl::Status MendAll();

  const std::vector<Deed>& deeds() const { return deeds_; }
  const StrikeCounts& counts() const { return counts_; }

 private:
  struct Injury {
    StrikeKind kind = StrikeKind::kKillWorker;
    std::uint32_t worker = 0;
    pid_t pid = 0;  // of the process that is stopped; none is ours any more if it was killed since
    std::vector<RunnerHandle> runners;  // stopped
    Links links;                        // cut
  };

  void Plan(Instant after);
  // Whether the strike found somebody to strike, who may be another than was drawn.
  absl::StatusOr<bool> Carry(Strike& strike, Injury* injury);
  bool KillWorker(Strike& strike);
  bool StopWorker(Strike& strike, Injury* injury);
  bool StrikeRunner(Strike& strike, Injury* injury);
  bool StopCoordinator(Injury* injury);
  absl::Status Cut(const Strike& strike, Injury* injury);
  absl::Status Mend(const Injury& injury);
  absl::Status CheckProcesses();
  bool IsStopped(const cluster::ChildProcess& process) const;
  bool FindWorker(Strike& strike) const;

  cluster::LocalCluster* const cluster_;
  Network* const network_;
  StrikePlan plan_;
  const Instant begin_;
  Strike strike_;
  Instant next_strike_;
  std::multimap<Instant, Injury> injuries_;  // by when they are mended
  Links cut_;
  std::vector<Deed> deeds_;
  StrikeCounts counts_{};
};

}  // namespace gristmill::chaos
