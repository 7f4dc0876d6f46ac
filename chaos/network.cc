#include "chaos/network.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/status.h"

namespace gristmill::chaos {
namespace {

constexpr DurationMs kCommandMs = 10'000;
constexpr int kOurs = -1;

// Addresses set aside for documentation (RFC 5737): nothing else means them.
std::string AddressOf(std::uint32_t host) { return fmt::format("192.0.2.{}", host + 1); }
constexpr std::string_view kHubAddress = "192.0.2.254/24";
// The hub's end of a host's cable.
std::string PortOf(std::uint32_t host) { return fmt::format("host{}", host); }

// Empty if there is none.
std::string FindProgram(std::string_view name) {
  for (const std::string_view directory : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}) {
    std::string path = fmt::format("{}{}", directory, name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

// A descriptor of a new namespace, which lives as long as that or a process in it. Made on a
// thread of its own, since the maker moves into it.
absl::StatusOr<int> MakeNamespace() {
  int descriptor = -1;
  int error = 0;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) == 0) {
      descriptor = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    }
    error = errno;
  }).join();
  if (descriptor >= 0) return descriptor;
  return FailedPrecondition("network namespaces can't be made here ({})",
                            std::generic_category().message(error));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Network>> Network::Make(std::uint32_t hosts,
                                                       cluster::ChildSet* children) {
  std::unique_ptr<Network> network(new Network(children));
  GM_RETURN_IF_ERROR(network->FindTools());
  absl::Status made = network->MakeHub();
  for (std::uint32_t host = 0; host < hosts && made.ok(); ++host) made = network->AddHost(host);
  if (!made.ok()) return FailedPrecondition("{}", Message(made));
  return network;
}

Network::~Network() {
  for (const int descriptor : namespaces_) close(descriptor);
}

cluster::Place Network::place(std::uint32_t host) const {
  return {.host = AddressOf(host), .network = namespaces_[host]};
}

absl::Status Network::Drop(const Links& links) {
  std::string rules = "flush chain bridge gristmill cuts";
  for (const auto& [from, to] : links) {
    rules += fmt::format("; add rule bridge gristmill cuts iifname {} oifname {} drop",
                         PortOf(from), PortOf(to));
  }
  return cluster::RunQuietly({nft_, rules}, kOurs, kCommandMs, children_);
}

absl::Status Network::FindTools() {
  if (geteuid() != 0) return FailedPrecondition("that needs root");
  ip_ = FindProgram("ip");
  nft_ = FindProgram("nft");
  if (!ip_.empty() && !nft_.empty()) return absl::OkStatus();
  return FailedPrecondition(
      "the program {} is missing; install it with: apt-get install iproute2 nftables",
      ip_.empty() ? "ip" : "nft");
}

absl::Status Network::MakeHub() {
  if (unshare(CLONE_NEWNET) != 0) {
    return FailedPrecondition("network namespaces can't be made here ({})",
                              std::generic_category().message(errno));
  }
  GM_RETURN_IF_ERROR(Ip(kOurs, {"link", "set", "lo", "up"}));
  GM_RETURN_IF_ERROR(Ip(kOurs, {"link", "add", "hub", "type", "bridge"}));
  GM_RETURN_IF_ERROR(Ip(kOurs, {"address", "add", std::string(kHubAddress), "dev", "hub"}));
  GM_RETURN_IF_ERROR(Ip(kOurs, {"link", "set", "hub", "up"}));
  return cluster::RunQuietly({nft_,
                              "add table bridge gristmill; add chain bridge gristmill cuts "
                              "{ type filter hook forward priority 0; }"},
                             kOurs, kCommandMs, children_);
}

absl::Status Network::AddHost(std::uint32_t host) {
  GM_ASSIGN_OR_RETURN(const int there, MakeNamespace());
  namespaces_.push_back(there);
  const std::string port = PortOf(host);
  const std::string path = fmt::format("/proc/{}/fd/{}", getpid(), there);
  GM_RETURN_IF_ERROR(Ip(kOurs, {"link", "add", port, "type", "veth", "peer", "name", "cable"}));
  GM_RETURN_IF_ERROR(Ip(kOurs, {"link", "set", "cable", "netns", path}));
  GM_RETURN_IF_ERROR(Ip(kOurs, {"link", "set", port, "master", "hub", "up"}));
  GM_RETURN_IF_ERROR(Ip(there, {"link", "set", "lo", "up"}));
  GM_RETURN_IF_ERROR(Ip(there, {"address", "add", AddressOf(host) + "/24", "dev", "cable"}));
  return Ip(there, {"link", "set", "cable", "up"});
}

absl::Status Network::Ip(int network, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {ip_};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return cluster::RunQuietly(std::move(argv), network, kCommandMs, children_);
}

}  // namespace gristmill::chaos
