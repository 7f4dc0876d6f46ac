// Submits a job and follows it to its end on a thread of its own, whatever happens to the
// coordinator meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/instant.h"
#include "client/client.h"
#include "gristmill/v1/job.pb.h"
#include "storage/shipped_files.h"

namespace gristmill::chaos {

// Thread-safe.
class JobFollower {
 public:
  // `client` outlives this; `request` has a request id.
  JobFollower(Client* client, v1::JobRequest request, std::vector<LocalFile> files = {});
  // Waits for its thread, which ends soon after the job or, if that does not end, some time after
  // the coordinator is no more.
  ~JobFollower();

  // Until the job ended or `wait_ms` passed; whether it ended, or can't be followed any more.
  bool AwaitEnd(DurationMs wait_ms);
  // Once it ended: its last state, or why it could not be followed.
  absl::StatusOr<v1::JobStatus> result();
  // The newest state that was heard; of no stages before that.
  v1::JobStatus newest();
  void Abandon();

 private:
  absl::StatusOr<v1::JobStatus> Follow();
  absl::StatusOr<std::uint64_t> Submit();
  bool abandoned();

  Client* const client_;
  const v1::JobRequest request_;
  const std::vector<LocalFile> files_;  // that come with it
  absl::Mutex mutex_;
  v1::JobStatus newest_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::StatusOr<v1::JobStatus>> result_ ABSL_GUARDED_BY(mutex_);
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace gristmill::chaos
