#include "worker/rpc/runner_service.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <map>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "gristmill/v1/runner_service.grpc.pb.h"
#include "worker/rpc/message_limits.h"
#include "worker/rpc/stream_writer.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kWaitingCommandsMax = 4096;
constexpr std::chrono::milliseconds kShutdownGrace(100);

class RunnerStream;

bool MergeAssignments(v1::RunnerCommand* last, v1::RunnerCommand* next) {
  if (!last->has_assign() || !next->has_assign()) return false;
  last->mutable_assign()->MergeFrom(next->assign());
  return true;
}

// Who is expected and who is there.
class Registry {
 public:
  explicit Registry(RunnerService::Events events) : events(std::move(events)) {}

  void Expect(RunnerId runner, const std::string& token) {
    absl::MutexLock lock(&mutex_);
    tokens_[token] = runner;
  }
  // Zero if nobody is expected with that token (any more).
  RunnerId Admit(const std::string& token, RunnerStream* stream) {
    absl::MutexLock lock(&mutex_);
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) return {};
    const RunnerId runner = found->second;
    tokens_.erase(found);
    streams_[runner] = stream;
    return runner;
  }
  void Remove(RunnerId runner) {
    absl::MutexLock lock(&mutex_);
    streams_.erase(runner);
  }
  void Forget(RunnerId runner);
  void Send(RunnerId runner, v1::RunnerCommand command);
  void ReadNext(RunnerId runner);

  const RunnerService::Events events;

 private:
  // A stream is used under the lock only, and removes itself under it before it is deleted.
  absl::Mutex mutex_;
  std::map<std::string, RunnerId> tokens_ ABSL_GUARDED_BY(mutex_);
  std::map<RunnerId, RunnerStream*> streams_ ABSL_GUARDED_BY(mutex_);
};

// One runner's stream. Deletes itself when it is done.
class RunnerStream : public grpc::ServerBidiReactor<v1::RunnerMessage, v1::RunnerCommand> {
 public:
  explicit RunnerStream(Registry& registry)
      : registry_(registry), writer_(this, kWaitingCommandsMax, MergeAssignments) {
    StartRead(&message_);
  }

  bool Send(v1::RunnerCommand command) { return writer_.Send(std::move(command)); }
  void ReadNext() {
    absl::MutexLock lock(&mutex_);
    if (!finished_) StartRead(&message_);
  }
  void End(const grpc::Status& status) {
    writer_.Close();
    absl::MutexLock lock(&mutex_);
    if (!std::exchange(finished_, true)) Finish(status);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    v1::RunnerMessage message = std::move(message_);
    message_.Clear();
    if (runner_) return registry_.events.message(runner_, std::move(message));
    runner_ = registry_.Admit(message.hello().token(), this);
    if (!runner_) return End({grpc::StatusCode::PERMISSION_DENIED, "no such runner is expected"});
    registry_.events.connected(runner_);
    ReadNext();
  }
  void OnWriteDone(bool ok) override {
    writer_.OnWriteDone(ok);
    if (!ok) End(grpc::Status::OK);
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    if (runner_) {
      registry_.Remove(runner_);
      registry_.events.detached(runner_);
    }
    delete this;
  }

  Registry& registry_;
  RunnerId runner_;            // written once, by the first read
  v1::RunnerMessage message_;  // being read
  StreamWriter<RunnerStream, v1::RunnerCommand> writer_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

void Registry::Send(RunnerId runner, v1::RunnerCommand command) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(runner);
  if (found == streams_.end() || found->second->Send(std::move(command))) return;
  found->second->End({grpc::StatusCode::RESOURCE_EXHAUSTED, "the runner does not take commands"});
}

void Registry::ReadNext(RunnerId runner) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(runner);
  if (found != streams_.end()) found->second->ReadNext();
}

void Registry::Forget(RunnerId runner) {
  absl::MutexLock lock(&mutex_);
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second == runner; });
  const auto found = streams_.find(runner);
  if (found != streams_.end()) found->second->End(grpc::Status::OK);
}

class GrpcRunnerService : public RunnerService, public v1::RunnerService::CallbackService {
 public:
  explicit GrpcRunnerService(Events events) : registry_(std::move(events)) {}
  ~GrpcRunnerService() override {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    server_->Wait();
  }

  absl::Status Listen(const std::string& address) {
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.SetMaxSendMessageSize(kMessageBytesMax);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (server_ != nullptr) return absl::OkStatus();
    return Unavailable("can't listen on {} for runners; choose another directory with --dir",
                       address);
  }

  void Expect(RunnerId runner, const std::string& token) override {
    registry_.Expect(runner, token);
  }
  void Send(RunnerId runner, v1::RunnerCommand command) override {
    registry_.Send(runner, std::move(command));
  }
  void ReadNext(RunnerId runner) override { registry_.ReadNext(runner); }
  void Forget(RunnerId runner) override { registry_.Forget(runner); }

 private:
  grpc::ServerBidiReactor<v1::RunnerMessage, v1::RunnerCommand>* Session(
      grpc::CallbackServerContext*) override {
    return new RunnerStream(registry_);
  }

  Registry registry_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerService>> RunnerService::Start(const std::string& address,
                                                                    Events events) {
  auto service = std::make_unique<GrpcRunnerService>(std::move(events));
  GM_RETURN_IF_ERROR(service->Listen(address));
  return service;
}

}  // namespace gristmill::worker
