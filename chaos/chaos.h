// `gristmill chaos`: a job again and again on a cluster of real processes under faults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.h"
#include "gristmill/v1/job.pb.h"
#include "storage/shipped_files.h"

namespace gristmill::chaos {

struct ChaosOptions {
  v1::JobRequest request;  // no output directory; a split size of zero means many small splits
  std::vector<LocalFile> files;  // that come with it
  std::uint64_t rounds = 10;
  std::uint64_t seed = 1;  // of the first round; each further one takes the next
  std::uint32_t workers = 3;
  std::uint32_t slots = 1;  // of each worker
  std::string faults = "all";
  DurationMs every_ms = 500;  // mean time between faults
  DurationMs lease_ms = 1'000;
  std::string directory;  // files go into a new directory in it; empty: $TMPDIR, else /tmp
  bool json = false;
  std::string repeat;  // the command line that was given, less rounds and seed
};

// Runs the job in this process, then the rounds on one cluster. Prints each round and a summary on
// stdout; with `json` the rounds go to stderr. Stops at the first round that breaks a promise and
// keeps its files; otherwise nothing stays behind, nor after Ctrl-C. Returns the exit code.
int RunChaos(const ChaosOptions& options);

}  // namespace gristmill::chaos
