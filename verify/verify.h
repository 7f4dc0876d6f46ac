// `gristmill verify`: is a job's output the same however it runs?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/v1/job.pb.h"
#include "storage/shipped_files.h"

namespace gristmill::verify {

struct VerifyOptions {
  v1::JobRequest request;  // no output directory; a split size of zero means many small splits
  std::vector<LocalFile> files;            // that come with it
  std::uint32_t threads = 4;               // of the run on several threads
  std::uint32_t workers = 2;               // processes of the cluster that is started for it
  std::optional<std::string> coordinator;  // of a cluster to run on as well; empty as for clients
  std::string directory;  // files go into a new directory in it; empty: $TMPDIR, else /tmp
};

// Runs the job in different ways and compares each output with that of one thread. Prints a line
// for each on stdout. Stops at the first that differs or fails: both outputs are then kept and the
// first difference is shown; otherwise nothing stays behind, nor after Ctrl-C. Returns the exit
// code.
int RunVerify(const VerifyOptions& options);

}  // namespace gristmill::verify
