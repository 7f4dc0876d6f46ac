// Fetches files that come with jobs from the coordinator.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "gristmill/v1/job.pb.h"
#include "storage/blob_store.h"

namespace grpc {
class ClientContext;
}

namespace gristmill::worker {

// Thread-safe.
class BlobClient {
 public:
  // `coordinator` is host:port.
  explicit BlobClient(std::string coordinator) : coordinator_(std::move(coordinator)) {}

  // Blocks until the file's contents are in the store. A coordinator that does not answer is asked
  // again for a minute since anything came; then, or if it refuses, one sentence.
  absl::Status Fetch(const v1::ShippedFile& file, BlobStore* store);
  // Every Fetch ends soon, now and from now on.
  void Stop();

 private:
  // `*moved`: whether anything came.
  absl::Status FetchOnce(const v1::ShippedFile& file, BlobStore* store, bool* moved);

  const std::string coordinator_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gristmill::worker
