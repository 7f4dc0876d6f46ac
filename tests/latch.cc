#include "tests/latch.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace gristmill {
namespace {

constexpr int kDeadlineMs = 300'000;

}  // namespace

void WaitForLatch(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("there is no latch " + path);
  pollfd latch{fd, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&latch, 1, kDeadlineMs);
  } while (ready < 0 && errno == EINTR);
  close(fd);
  if (ready <= 0) throw std::runtime_error("nobody opened the latch " + path + " in time");
}

}  // namespace gristmill
