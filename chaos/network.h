// Hosts of their own for processes of this machine: network namespaces joined by a bridge in
// another one, in which packets between two hosts can be dropped. The machine's own network is
// neither touched nor reached; the kernel removes everything when the last process in it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cluster/child_process.h"
#include "cluster/local_cluster.h"

namespace gristmill::chaos {

// From whom to whom, both hosts of a network. A set, for two cuts may share a link.
using Links = std::multiset<std::pair<std::uint32_t, std::uint32_t>>;

class Network {
 public:
  // Moves the calling thread, and so all threads that it starts from now on, into a new network
  // namespace, from which all `hosts` are reached whatever is cut. FailedPrecondition with one
  // sentence if that can't be done here; the thread may have moved then.
  static absl::StatusOr<std::unique_ptr<Network>> Make(std::uint32_t hosts,
                                                       cluster::ChildSet* children);
  ~Network();

  // `host` is below the number of hosts.
  cluster::Place place(std::uint32_t host) const;

  // From now on exactly what `links` name is dropped.
  absl::Status Drop(const Links& links);

 private:
  explicit Network(cluster::ChildSet* children) : children_(children) {}
  absl::Status FindTools();
  absl::Status MakeHub();
  absl::Status AddHost(std::uint32_t host);
  absl::Status Ip(int network, const std::vector<std::string>& arguments);

  cluster::ChildSet* const children_;
  std::string ip_, nft_;  // paths
  std::vector<int> namespaces_;
};

}  // namespace gristmill::chaos
