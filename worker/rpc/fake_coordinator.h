// A WorkerService for tests: the test itself plays the coordinator, message by message.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/synchronization/mutex.h"
#include "gristmill/v1/worker_service.grpc.pb.h"

namespace gristmill::worker {

class FakeCoordinator : public v1::WorkerService::Service {
 public:
  FakeCoordinator() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeCoordinator() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // The next message that `wanted` takes; what comes before it is skipped. Empty after 30 s.
  std::optional<v1::WorkerMessage> Await(
      const std::function<bool(const v1::WorkerMessage&)>& wanted) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    absl::MutexLock lock(&mutex_);
    const auto any = [](std::deque<v1::WorkerMessage>* messages) { return !messages->empty(); };
    for (;;) {
      if (!mutex_.AwaitWithDeadline(absl::Condition(+any, &messages_), deadline)) return {};
      v1::WorkerMessage message = std::move(messages_.front());
      messages_.pop_front();
      if (wanted(message)) return message;
    }
  }

  void Send(const v1::CoordinatorMessage& message) {
    absl::MutexLock lock(&mutex_);
    if (stream_ != nullptr) stream_->Write(message);
  }

  // Ends the open session with `status`, and those to come if `for_ever`.
  void End(const grpc::Status& status, bool for_ever = false) {
    absl::MutexLock lock(&mutex_);
    status_ = status;
    for_ever_ = for_ever;
    if (context_ == nullptr) return;
    if (!for_ever) context_->TryCancel();
  }

 private:
  using Stream = grpc::ServerReaderWriter<v1::CoordinatorMessage, v1::WorkerMessage>;

  grpc::Status Session(grpc::ServerContext* context, Stream* stream) override {
    {
      absl::MutexLock lock(&mutex_);
      if (for_ever_) return status_;
      context_ = context;
      stream_ = stream;
    }
    for (v1::WorkerMessage message; stream->Read(&message);) {
      absl::MutexLock lock(&mutex_);
      messages_.push_back(std::move(message));
    }
    absl::MutexLock lock(&mutex_);
    context_ = nullptr;
    stream_ = nullptr;
    return grpc::Status::OK;
  }

  int port_ = 0;
  absl::Mutex mutex_;
  std::deque<v1::WorkerMessage> messages_ ABSL_GUARDED_BY(mutex_);
  grpc::ServerContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  bool for_ever_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace gristmill::worker
