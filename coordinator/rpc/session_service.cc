#include "coordinator/rpc/session_service.h"

#include <memory>
#include <vector>

#include "base/status.h"
#include "coordinator/rpc/worker_session.h"

namespace gristmill::coordinator {
namespace {
constexpr std::size_t kSessionsMax = 20'000;
}  // namespace

grpc::ServerBidiReactor<v1::WorkerMessage, v1::CoordinatorMessage>* SessionService::Session(
    grpc::CallbackServerContext* context) {
  return WorkerSession::Start(this, context);
}

bool SessionService::Admit(WorkerSession* session, absl::Status* refusal) {
  absl::MutexLock lock(&mutex_);
  if (!closed_.ok()) {
    *refusal = closed_;
    return false;
  }
  if (sessions_.size() >= kSessionsMax) {
    *refusal = ResourceExhausted("the coordinator has {} sessions already, its most", kSessionsMax);
    return false;
  }
  sessions_.insert(session);
  return true;
}

void SessionService::Forget(WorkerSession* session) {
  absl::MutexLock lock(&mutex_);
  sessions_.erase(session);
}

void SessionService::CloseAll(const absl::Status& status) {
  std::vector<std::shared_ptr<WorkerSession>> sessions;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = status;
    for (WorkerSession* session : sessions_) sessions.push_back(session->shared_from_this());
  }
  for (const auto& session : sessions) session->Close(status);
}

}  // namespace gristmill::coordinator
