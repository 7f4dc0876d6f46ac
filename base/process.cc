#include "base/process.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace gristmill {

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string ProcessName() { return fmt::format("{}:{}", HostName(), getpid()); }

void RaiseOpenFilesLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace gristmill
