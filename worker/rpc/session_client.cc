#include "worker/rpc/session_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "base/units.h"
#include "gristmill/v1/worker_service.grpc.pb.h"
#include "worker/rpc/grpc_status.h"
#include "worker/rpc/message_limits.h"
#include "worker/rpc/stream_writer.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kWaitingMessagesMax = 4096;
// A host that vanished without a word is noticed after both: heartbeats stay unacknowledged by TCP.
constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

// Each stream dials anew, so that neither an old address nor gRPC's own back-off is kept.
std::shared_ptr<grpc::Channel> Dial(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

bool MergeReports(v1::WorkerMessage* last, v1::WorkerMessage* next) {
  if (!last->has_reports() || !next->has_reports()) return false;
  last->mutable_reports()->MergeFrom(next->reports());
  return true;
}

// One stream, from the call to its status.
class Stream : public grpc::ClientBidiReactor<v1::WorkerMessage, v1::CoordinatorMessage> {
 public:
  Stream(const std::string& address, const SessionClient::Events& events)
      : events_(events),
        stub_(v1::WorkerService::NewStub(Dial(address))),
        writer_(this, kWaitingMessagesMax, MergeReports) {}

  void Open() {
    stub_->async()->Session(&context_, this);
    AddHold();  // until EndReading: reads and writes start outside of reactions
    StartRead(&message_);
    StartCall();
  }
  // Blocks until then; how it ended.
  absl::Status WaitForEnd() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
    return status_;
  }
  bool heard() {
    absl::MutexLock lock(&mutex_);
    return heard_;
  }

  void Send(v1::WorkerMessage message) {
    if (message.has_register_()) registered_ = true;
    if (!registered_) return;
    if (!writer_.Send(std::move(message))) Cancel();
  }
  void ReadNext() {
    {
      absl::MutexLock lock(&mutex_);
      if (!may_read_) return;
      may_read_ = false;
    }
    StartRead(&message_);
  }
  // Ends the stream soon. A message that was delivered need not be followed by ReadNext any more.
  void Cancel() {
    context_.TryCancel();
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      if (!may_read_) return;  // a read is under way: its end ends the stream
      may_read_ = false;
    }
    EndReading();
  }
  void Finish(absl::Duration timeout) {
    const absl::Time deadline = absl::Now() + timeout;
    writer_.Flush(timeout);
    writer_.Close();
    absl::MutexLock lock(&mutex_);
    finishing_ = true;
    if (!read_ended_) StartWritesDone();
    if (std::exchange(may_read_, false)) StartRead(&message_);
    mutex_.AwaitWithDeadline(absl::Condition(&done_), deadline);
  }

 private:
  void OnReadDone(bool ok) override {
    v1::CoordinatorMessage message = std::move(message_);
    message_.Clear();
    {
      absl::MutexLock lock(&mutex_);
      if (cancelled_) ok = false;
      heard_ |= ok;
      if (ok && finishing_) return StartRead(&message_);  // nobody listens any more
      may_read_ = ok;
    }
    if (!ok) return EndReading();
    events_.message(std::move(message));
  }
  void OnWriteDone(bool ok) override { writer_.OnWriteDone(ok); }
  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = FromGrpc(status);
    done_ = true;
  }
  // Called once: nothing is started on the stream after it.
  void EndReading() {
    writer_.Close();
    {
      absl::MutexLock lock(&mutex_);
      read_ended_ = true;
    }
    RemoveHold();
  }

  const SessionClient::Events& events_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::ClientContext context_;
  v1::CoordinatorMessage message_;  // being read
  StreamWriter<Stream, v1::WorkerMessage> writer_;
  bool registered_ = false;  // used under the client's lock
  absl::Mutex mutex_;
  bool may_read_ ABSL_GUARDED_BY(mutex_) = false;  // a message was delivered, no read is under way
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool heard_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// What the coordinator will answer again whenever it is asked.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

class GrpcSessionClient : public SessionClient {
 public:
  GrpcSessionClient(SessionOptions options, Events events)
      : options_(std::move(options)),
        events_(std::move(events)),
        dialler_([this] { DialUntilStopped(); }) {}

  ~GrpcSessionClient() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      if (stream_ != nullptr) stream_->Cancel();
    }
    dialler_.join();
  }

  void Send(v1::WorkerMessage message) override {
    absl::MutexLock lock(&mutex_);
    if (stream_ != nullptr) stream_->Send(std::move(message));
  }
  void ReadNext() override {
    absl::MutexLock lock(&mutex_);
    if (stream_ != nullptr) stream_->ReadNext();
  }
  void Reset() override {
    absl::MutexLock lock(&mutex_);
    if (stream_ != nullptr) stream_->Cancel();
  }
  void Finish(absl::Duration timeout) override {
    std::shared_ptr<Stream> stream;
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      stream = stream_;
    }
    if (stream != nullptr) stream->Finish(timeout);
  }

 private:
  struct End {
    absl::Status status;
    bool heard = false;  // the coordinator had said something
  };

  void DialUntilStopped() {
    absl::Time last_heard = absl::Now();
    absl::Duration backoff = options_.backoff_first;
    for (;;) {
      const End end = RunOneStream();
      if (Stopping()) return;
      if (end.heard) {
        last_heard = absl::Now();
        backoff = options_.backoff_first;
      } else if (IsRefusal(end.status)) {
        return events_.lost(absl::Status(
            end.status.code(), fmt::format("the coordinator at {} refused this worker: {}",
                                           options_.coordinator, Message(end.status))));
      }
      events_.broken(end.status);
      const absl::Duration left = TimeLeft(last_heard);
      if (left <= absl::ZeroDuration()) return events_.lost(NobodyAnswers(end.status));
      if (!WaitToDial(backoff, left)) return;
      backoff = std::min(backoff * 2, options_.backoff_most);
    }
  }

  End RunOneStream() {
    auto stream = std::make_shared<Stream>(options_.coordinator, events_);
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return {};
      stream_ = stream;
      stream->Open();
    }
    events_.opened();
    End end;
    end.status = stream->WaitForEnd();
    end.heard = stream->heard();
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
    return end;
  }

  absl::Duration TimeLeft(absl::Time last_heard) const {
    if (options_.reconnect_for_ms == 0) return absl::InfiniteDuration();
    return last_heard + absl::Milliseconds(options_.reconnect_for_ms) - absl::Now();
  }

  absl::Status NobodyAnswers(const absl::Status& last) const {
    return Unavailable(
        "no coordinator answered at {} for {} ({}); start it or pass another address",
        options_.coordinator, FormatDuration(options_.reconnect_for_ms), Message(last));
  }

  // Between half and all of `backoff`, so that workers do not come all at once, but at most `left`.
  // False if told to stop.
  bool WaitToDial(absl::Duration backoff, absl::Duration left) {
    const absl::Duration wait = std::min(backoff * absl::Uniform(random_, 0.5, 1.0), left);
    absl::MutexLock lock(&mutex_);
    return !mutex_.AwaitWithTimeout(absl::Condition(&stopping_), wait);
  }

  bool Stopping() {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  const SessionOptions options_;
  const Events events_;
  absl::BitGen random_;  // the dialling thread's
  absl::Mutex mutex_;
  std::shared_ptr<Stream> stream_ ABSL_GUARDED_BY(mutex_);  // null between two
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread dialler_;  // last: it uses the rest
};

}  // namespace

std::unique_ptr<SessionClient> SessionClient::Start(SessionOptions options, Events events) {
  return std::make_unique<GrpcSessionClient>(std::move(options), std::move(events));
}

}  // namespace gristmill::worker
