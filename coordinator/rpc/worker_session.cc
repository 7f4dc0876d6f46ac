#include "coordinator/rpc/worker_session.h"

#include <chrono>
#include <utility>

#include "base/status.h"
#include "coordinator/rpc/grpc_status.h"
#include "coordinator/rpc/session_events.h"

namespace gristmill::coordinator {
namespace {

constexpr std::size_t kOutgoingBytesMax = std::size_t{256} << 20;
constexpr std::size_t kOutgoingMessagesMax = 10'000;
constexpr auto kRegistrationTime = std::chrono::seconds(10);

}  // namespace

WorkerSession* WorkerSession::Start(SessionService* service, grpc::CallbackServerContext* context) {
  const std::shared_ptr<WorkerSession> session(new WorkerSession(service, context));
  session->self_ = session;
  absl::Status refusal;
  if (!service->Admit(session.get(), &refusal)) {
    session->Close(refusal);
    return session.get();
  }
  session->SetRegistrationDeadline();
  session->StartRead(&session->incoming_);
  return session.get();
}

void WorkerSession::SetRegistrationDeadline() {
  registration_deadline_.Set(
      std::chrono::system_clock::now() + kRegistrationTime,
      [weak = weak_from_this()](bool expired) {
        const auto session = weak.lock();
        if (!expired || session == nullptr) return;
        session->Close(DeadlineExceeded("the worker did not register within {} s of connecting",
                                        kRegistrationTime.count()));
      });
}

void WorkerSession::OnReadDone(bool ok) {
  if (!ok) {
    Close(absl::OkStatus());
    return;
  }
  if (!registered_) {
    OnFirstMessage();
    return;
  }
  service_->shell_->Post([session = self_, message = std::move(incoming_)](Driver& driver) {
    OnWorkerMessage(driver, session, message);
  });
}

void WorkerSession::OnFirstMessage() {
  registration_deadline_.Cancel();
  const absl::Status checked =
      incoming_.has_register_()
          ? CheckRegister(incoming_.register_(), service_->version_)
          : InvalidArgument("the first message of a session must be a registration");
  if (!checked.ok()) {
    Close(checked);
    return;
  }
  registered_ = true;
  service_->shell_->Post([session = self_, message = std::move(incoming_)](Driver& driver) {
    OnRegister(driver, session, message.register_());
  });
}

void WorkerSession::ReadNext() {
  absl::MutexLock lock(&mutex_);
  if (!finished_) StartRead(&incoming_);
}

void WorkerSession::Send(v1::CoordinatorMessage message) {
  absl::MutexLock lock(&mutex_);
  if (closing_) return;
  outgoing_bytes_ += message.ByteSizeLong();
  outgoing_.push_back(std::move(message));
  if (outgoing_bytes_ > kOutgoingBytesMax || outgoing_.size() > kOutgoingMessagesMax) {
    CloseLocked(ResourceExhausted("the worker does not take what it is sent; it may reconnect"));
    context_->TryCancel();  // the write under way would wait for the worker
    return;
  }
  if (!writing_) StartNextWrite();
}

void WorkerSession::StartNextWrite() {
  writing_ = true;
  StartWrite(&outgoing_.front());
}

void WorkerSession::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  outgoing_bytes_ -= outgoing_.front().ByteSizeLong();
  outgoing_.pop_front();
  if (!ok) {
    outgoing_.clear();
    CloseLocked(absl::OkStatus());
  }
  if (outgoing_.empty()) {
    FinishIfIdle();
  } else {
    StartNextWrite();
  }
}

void WorkerSession::Close(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  CloseLocked(status);
}

void WorkerSession::CloseLocked(const absl::Status& status) {
  if (!closing_) closing_ = status;
  FinishIfIdle();
}

void WorkerSession::FinishIfIdle() {
  if (!closing_ || finished_ || writing_) return;
  finished_ = true;
  Finish(ToGrpc(*closing_));
}

void WorkerSession::OnDone() {
  registration_deadline_.Cancel();
  service_->Forget(this);
  const std::shared_ptr<WorkerSession> self = std::move(self_);
  service_->shell_->Post([self](Driver& driver) { OnSessionClosed(driver, self.get()); });
}

}  // namespace gristmill::coordinator
