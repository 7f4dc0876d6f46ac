// A task with all that it reads, in a directory of its own: DIR/task, DIR/spill with the map output
// that it reads, DIR/files with those that came with its job, DIR/output for what it writes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "gristmill/v1/job_service.pb.h"
#include "gristmill/v1/worker_service.pb.h"
#include "storage/blob_store.h"

namespace gristmill::replay {

// Called with how many tasks have run of those that must run before.
using OnProgress = std::function<void(std::uint32_t done, std::uint32_t all)>;

// Gets the contents of a file that came with the job into the store.
using FetchFile = std::function<absl::Status(const v1::ShippedFile&, BlobStore*)>;

// Fetches the job's files into DIR/files, which becomes the working directory, and runs on
// `threads` threads all tasks whose output the task reads, whole splits of them. Internal with the
// sentence of a task that fails.
absl::Status Prepare(const v1::TaskDescription& task, const std::string& directory,
                     std::uint32_t threads, const FetchFile& fetch, const OnProgress& on_progress);

// Runs the prepared task on this thread, in DIR/files, which becomes the working directory.
// NotFound if there is none.
absl::StatusOr<v1::TaskReport> RunPrepared(const std::string& directory);

}  // namespace gristmill::replay
