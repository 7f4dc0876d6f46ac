#include <string_view>

#include "cli/command_line.h"
#include "cli/signals.h"
#include "worker/worker.h"

int main(int argc, char** argv) {
  // The child process that runs user code: what the parser of the command line costs is saved.
  if (argc == 2 && std::string_view(argv[1]) == "runner") {
    gristmill::cli::UnblockSignals();
    return gristmill::worker::RunnerMain();
  }
  return gristmill::cli::RunCommandLine(argc, argv);
}
