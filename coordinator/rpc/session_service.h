// WorkerService: one bidirectional stream per worker. The reactors check and pass on; all decisions
// are the shell's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/rpc/shell.h"
#include "gristmill/v1/worker_service.grpc.pb.h"

namespace gristmill::coordinator {

class WorkerSession;

class SessionService final : public v1::WorkerService::CallbackService {
 public:
  // `shell` outlives the service and its streams. Workers must be of `version`.
  SessionService(Shell* shell, std::string version) : shell_(shell), version_(std::move(version)) {}

  grpc::ServerBidiReactor<v1::WorkerMessage, v1::CoordinatorMessage>* Session(
      grpc::CallbackServerContext* context) override;

  // Ends every session, now and from now on.
  void CloseAll(const absl::Status& status);

 private:
  friend class WorkerSession;
  // Whether the session may go on; else `refusal` says why.
  bool Admit(WorkerSession* session, absl::Status* refusal);
  void Forget(WorkerSession* session);

  Shell* const shell_;
  const std::string version_;
  absl::Mutex mutex_;
  absl::flat_hash_set<WorkerSession*> sessions_ ABSL_GUARDED_BY(mutex_);
  absl::Status closed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace gristmill::coordinator
