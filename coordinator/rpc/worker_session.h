// One worker's stream.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/rpc/session_port.h"
#include "coordinator/rpc/session_service.h"

namespace gristmill::coordinator {

// At most one message of the worker is with the shell at a time; what is to be sent waits in a
// bounded queue, and a worker that lets it overflow is disconnected. Owns itself until gRPC is done
// with it; the shell may hold it longer, as a SessionPort.
class WorkerSession final
    : public grpc::ServerBidiReactor<v1::WorkerMessage, v1::CoordinatorMessage>,
      public SessionPort,
      public std::enable_shared_from_this<WorkerSession> {
 public:
  static WorkerSession* Start(SessionService* service, grpc::CallbackServerContext* context);

  // SessionPort.
  void Send(v1::CoordinatorMessage message) override;
  void ReadNext() override;
  void Close(const absl::Status& status) override;

  // gRPC's reactions.
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  WorkerSession(SessionService* service, grpc::CallbackServerContext* context)
      : service_(service), context_(context) {}
  void OnFirstMessage();
  void SetRegistrationDeadline();
  void StartNextWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishIfIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SessionService* const service_;
  grpc::CallbackServerContext* const context_;  // until OnDone
  std::shared_ptr<WorkerSession> self_;         // until OnDone

  // Of the one read that is under way.
  v1::WorkerMessage incoming_;
  bool registered_ = false;

  grpc::Alarm registration_deadline_;
  absl::Mutex mutex_;
  std::deque<v1::CoordinatorMessage> outgoing_ ABSL_GUARDED_BY(mutex_);  // the first is being sent
  std::size_t outgoing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> closing_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gristmill::coordinator
