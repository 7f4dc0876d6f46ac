// The life of a job's output directory: nothing visible until the job is done.
//
//   OUTPUT/_temporary/<token>/part-00000-of-00004.attempt-17    what attempts write
//   OUTPUT/part-00000-of-00004                                  after CommitOutput
//   OUTPUT/_SUCCESS                                             last
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"

namespace gristmill {

// "part-00003-of-00016"; at least five digits each.
std::string PartitionFileName(std::uint32_t partition, std::uint32_t partitions);
// The path an attempt writes: STAGING/part-…-of-….attempt-<id>.
std::string AttemptFilePath(const std::string& staging, std::uint32_t partition,
                            std::uint32_t partitions, AttemptId attempt);

// Checks that `output` can take a job's output (absent or an empty directory, or `overwrite` and a
// directory that holds nothing but an earlier job's files), makes it and a fresh staging
// directory below it, proves that it can be written, and returns the staging directory.
// AlreadyExists, PermissionDenied, ResourceExhausted … with one sentence.
// The directory's name is made of `request_id` (at random if that is empty): what an interrupted
// first try of the same request left is no obstacle.
absl::StatusOr<std::string> PrepareOutput(const std::string& output, bool overwrite,
                                          const std::string& request_id = "");

// Renames the winners into place, removes an earlier job's files that are not overwritten by
// name, writes _SUCCESS, removes the staging directory. Idempotent: after a crash in the middle
// a second call completes it. `winners[p]` is the attempt that wrote partition p.
absl::Status CommitOutput(const std::string& output, const std::string& staging,
                          const std::vector<AttemptId>& winners);

// Removes the staging directory, and `output` itself if that leaves it empty. Repeated after its
// end it does nothing.
void AbandonOutput(const std::string& output, const std::string& staging);

}  // namespace gristmill
