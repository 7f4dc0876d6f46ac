// `gristmill run`.
#pragma once

#include <cstdint>
#include <string>

#include "cli/job_flags.h"
#include "cli/job_teller.h"

namespace gristmill::cli {

struct RunFlags {
  JobFlags job;
  std::uint32_t threads = 0;   // 0: the CPUs this process may use
  std::uint32_t gpus = 0;      // that tasks may ask for
  std::string work_directory;  // for spill files; empty: $TMPDIR, else /tmp
  bool quiet = false;
  bool profile = false;         // says where the time went
  bool json = false;            // of a dry run: prints JSON
  JobTeller* teller = nullptr;  // instead of the usual display and summary; outlives the run
};

// Runs the job in this process. The first Ctrl-C cancels it, the second ends the process at once.
// Returns the exit code.
int RunJob(const RunFlags& flags);

}  // namespace gristmill::cli
