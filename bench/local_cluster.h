// A coordinator and workers on loopback ports, as child processes of this one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/child_process.h"

namespace gristmill::bench {

class LocalCluster {
 public:
  // Returns once all workers are registered. Files go below `directory`, which is made.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(const std::string& directory,
                                                             std::uint32_t workers,
                                                             std::uint32_t slots_per_worker,
                                                             ChildSet* children);
  // Stops the workers, then the coordinator.
  ~LocalCluster();

  const std::string& address() const { return address_; }

 private:
  LocalCluster() = default;
  absl::Status StartProcesses(const std::string& directory, std::uint32_t workers,
                              std::uint32_t slots_per_worker, ChildSet* children);

  std::string address_;
  std::unique_ptr<ChildProcess> coordinator_;
  std::vector<std::unique_ptr<ChildProcess>> workers_;
};

}  // namespace gristmill::bench
