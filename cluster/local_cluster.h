// A coordinator and workers on this machine, as child processes of this one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cluster/child_process.h"

namespace gristmill::cluster {

// Where a process lives: its address there and a descriptor of its network namespace, -1 for ours.
struct Place {
  std::string host = "127.0.0.1";
  int network = -1;
};

struct LocalClusterOptions {
  std::string directory;  // files go below it; made if absent
  std::uint32_t workers = 1;
  std::uint32_t slots = 1;  // of each worker
  std::vector<std::string> coordinator_flags = {}, worker_flags = {};
  bool keep_logs = false;  // coordinator.log, worker-1.log, … in the directory
  Place coordinator_place = {};
  std::vector<Place> worker_places = {};  // as many as workers, or none
};

// Its processes can be killed and started again one by one. Used by one thread, which outlives it.
class LocalCluster {
 public:
  // Returns once all workers are registered.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(LocalClusterOptions options,
                                                             ChildSet* children);
  // Stops the workers, then the coordinator.
  ~LocalCluster();

  const std::string& address() const { return address_; }
  std::uint32_t workers() const { return options_.workers; }

  // Null while it is down. Workers are counted from zero.
  ChildProcess* coordinator() const { return coordinator_.get(); }
  ChildProcess* worker(std::uint32_t index) const { return workers_[index].get(); }

  // The same journal and the same port as before. Does not wait until it listens.
  absl::Status StartCoordinator();
  // A new worker in the directory of the one before.
  absl::Status StartWorker(std::uint32_t index);
  void KillCoordinator();
  void KillWorker(std::uint32_t index);

  // Until the coordinator knows all workers as ready. Unavailable after the deadline.
  absl::Status WaitForWorkers(DurationMs deadline_ms) const;

 private:
  LocalCluster(LocalClusterOptions options, ChildSet* children);
  absl::Status StartProcesses();
  std::string LogOf(const std::string& name) const;

  const LocalClusterOptions options_;
  ChildSet* const children_;
  std::string address_;
  std::unique_ptr<ChildProcess> coordinator_;
  std::vector<std::unique_ptr<ChildProcess>> workers_;
};

}  // namespace gristmill::cluster
