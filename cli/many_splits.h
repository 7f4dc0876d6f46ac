// How input is divided where a job is tried rather than run.
#pragma once

#include "absl/status/status.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::cli {

// Lets a request that names no size of splits ask for some 64 of them, of 16 KiB or more, so that
// even small input is divided among many tasks. Looks at the input; its errors are sentences.
absl::Status AskForManySplits(v1::JobRequest* request);

}  // namespace gristmill::cli
