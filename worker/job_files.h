// The files that jobs bring along, put where their runners start.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/ids.h"
#include "gristmill/v1/job.pb.h"
#include "storage/blob_store.h"
#include "worker/runner/thread_pool.h"

namespace gristmill::worker {

// Fetches each file once, however many jobs bring it along. Thread-safe.
class JobFiles {
 public:
  // Blocks until the file's contents are in the store.
  using Fetch = std::function<absl::Status(const v1::ShippedFile&, BlobStore*)>;
  // On a thread of its own.
  using Prepared = std::function<void(JobId, absl::Status)>;

  // `store` outlives this and has room for `bytes_max`, which the files of jobs that are prepared
  // at once do not exceed: others wait until these have theirs. One job alone may bring more.
  JobFiles(BlobStore* store, std::uint64_t bytes_max, Fetch fetch, Prepared prepared);
  // Waits for what is under way: end the fetches first.
  ~JobFiles() = default;

  // Makes `directory` with all of the request's files; `prepared` follows, with a sentence if that
  // can't be done.
  void Prepare(JobId job, const v1::JobRequest& request, const std::string& directory);

 private:
  absl::Status MakeDirectory(const v1::JobRequest& request, const std::string& directory);
  absl::Status FetchOnce(const v1::ShippedFile& file);

  void TakeRoom(std::uint64_t bytes);

  BlobStore* const store_;
  const std::uint64_t bytes_max_;
  const Fetch fetch_;
  const Prepared prepared_;
  absl::Mutex mutex_;
  std::set<std::string> fetching_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t preparing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_owner_ ABSL_GUARDED_BY(mutex_) = 0;
  ThreadPool pool_;  // last: its threads use the rest
};

}  // namespace gristmill::worker
