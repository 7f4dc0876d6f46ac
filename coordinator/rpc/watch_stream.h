// One client's watch of one job.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/ids.h"
#include "coordinator/rpc/shell.h"
#include "coordinator/rpc/watch_hub.h"
#include "gristmill/v1/job.pb.h"

namespace gristmill::coordinator {

// Holds at most the status being sent and the newest one after it. Owns itself until gRPC is done
// with it; the hub may hold it longer, as a Watcher.
class WatchStream final : public grpc::ServerWriteReactor<v1::JobStatus>,
                          public Watcher,
                          public std::enable_shared_from_this<WatchStream> {
 public:
  static WatchStream* Start(Shell* shell, JobId job);

  void Offer(const v1::JobStatus& status, bool last) override;
  void Close(const absl::Status& status) override;

  // gRPC's reactions.
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchStream(Shell* shell, JobId job) : shell_(shell), job_(job) {}
  void Join(Driver& driver);
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Shell* const shell_;
  const JobId job_;
  std::shared_ptr<WatchStream> self_;  // until OnDone

  absl::Mutex mutex_;
  v1::JobStatus sending_;  // while writing_
  std::optional<v1::JobStatus> next_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gristmill::coordinator
