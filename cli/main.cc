#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#include "cli/command_line.h"
#include "cli/signals.h"
#include "plugin/description.h"
#include "worker/worker.h"

namespace {

// Else the next file that is opened would be taken for one of these.
void OpenStandardStreams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", O_RDWR);  // gets the lowest number
  }
}

}  // namespace

int main(int argc, char** argv) {
  OpenStandardStreams();
  // The child process that runs user code: what the parser of the command line costs is saved.
  if (argc == 2 && std::string_view(argv[1]) == "runner") {
    gristmill::cli::UnblockSignals();
    return gristmill::worker::RunnerMain();
  }
  if (argc == 2 && std::string_view(argv[1]) == gristmill::plugin::kDescribeCommand) {
    gristmill::cli::UnblockSignals();
    return gristmill::plugin::DescribeMain();
  }
  return gristmill::cli::RunCommandLine(argc, argv);
}
