#include "coordinator/rpc/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/status.h"

namespace gristmill::coordinator {
namespace {

// Zero, or the errno of binding a socket to the address.
int BindError(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  int error = ::bind(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == 0 && ::listen(fd, 1) != 0) error = errno;
  ::close(fd);
  return error;
}

}  // namespace

absl::Status DiagnoseListen(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) {
    return InvalidArgument("'{}' is no address to listen on; give HOST:PORT, such as 0.0.0.0:7070",
                           address);
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int unresolved = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                       address.c_str() + colon + 1, &hints, &found);
  if (unresolved != 0) {
    return InvalidArgument("can't listen on {}: {}; give a host name or address of this machine",
                           address, ::gai_strerror(unresolved));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  const int error = BindError(*found);
  if (error == EADDRINUSE) {
    return FailedPrecondition(
        "can't listen on {}: already in use; stop what listens there or choose another port with "
        "--listen",
        address);
  }
  if (error != 0) return ErrnoStatus(error, fmt::format("can't listen on {}", address));
  return Unavailable("can't listen on {}; choose another address with --listen", address);
}

}  // namespace gristmill::coordinator
