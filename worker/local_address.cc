#include "worker/local_address.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace gristmill::worker {
namespace {

struct HostPort {
  std::string host, port;
};

absl::StatusOr<HostPort> SplitHostPort(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return InvalidArgument("'{}' is not HOST:PORT, such as 10.0.0.5:7070", address);
  }
  std::string host = address.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostPort{std::move(host), address.substr(colon + 1)};
}

// The numeric form of the socket's own end once it is connected; empty if it can't be.
std::string OwnEnd(const addrinfo& peer) {
  const FileDescriptor fd(socket(peer.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || connect(fd.get(), peer.ai_addr, peer.ai_addrlen) != 0) return {};
  sockaddr_storage own{};
  socklen_t own_bytes = sizeof own;
  auto* address = reinterpret_cast<sockaddr*>(&own);
  char text[NI_MAXHOST];
  if (getsockname(fd.get(), address, &own_bytes) != 0 ||
      getnameinfo(address, own_bytes, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) {
    return {};
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> AddressTowards(const std::string& coordinator) {
  GM_ASSIGN_OR_RETURN(const HostPort peer, SplitHostPort(coordinator));
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(peer.host.c_str(), peer.port.c_str(), &hints, &found);
  if (error != 0) {
    return Unavailable("can't find the coordinator's host '{}' ({}); pass --advertise HOST",
                       peer.host, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    if (std::string own = OwnEnd(*next); !own.empty()) return own;
  }
  return Unavailable("no network interface of this host leads to {}; pass --advertise HOST",
                     coordinator);
}

std::string JoinHostPort(const std::string& host, int port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  return bare_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace gristmill::worker
