#include "worker/rpc/shuffle_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "gristmill/v1/shuffle_service.grpc.pb.h"
#include "worker/pipeline/segment_compression.h"
#include "worker/pipeline/segment_transfer.h"
#include "worker/rpc/grpc_status.h"

namespace gristmill::worker {
namespace {

constexpr absl::Duration kBackoffFirst = absl::Milliseconds(50);
constexpr absl::Duration kBackoffMost = absl::Seconds(1);
// How often a wait looks whether it is still wanted.
constexpr absl::Duration kCancelCheck = absl::Milliseconds(50);
// The server ends a call at its deadline: so no fetch holds its resources for ever.
constexpr std::chrono::hours kCallDeadline(1);

absl::Status WasCancelled() { return Cancelled("the attempt was cancelled while it fetched"); }

// False if it was cancelled meanwhile.
bool SleepUnlessCancelled(absl::Duration time, const std::atomic<bool>& cancelled) {
  const absl::Time end = absl::Now() + time;
  for (absl::Time now = absl::Now(); now < end && !cancelled; now = absl::Now()) {
    absl::SleepFor(std::min(kCancelCheck, end - now));
  }
  return !cancelled;
}

// One call of Fetch, read message by message with a deadline each. Used by one thread.
class Reading : public grpc::ClientReadReactor<v1::SegmentChunk> {
 public:
  Reading(const std::shared_ptr<grpc::Channel>& channel, v1::FetchRequest request)
      : stub_(v1::ShuffleService::NewStub(channel)), request_(std::move(request)) {
    context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    stub_->async()->Fetch(&context_, &request_, this);
    AddHold();  // until the last StartRead, which comes from outside of reactions
    StartCall();
  }

  ~Reading() override {
    if (held_) {
      context_.TryCancel();
      AwaitRead(absl::InfiniteDuration());
      Release();
    }
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
  }

  // The next message, or null at the end of the stream; then status() is how it ended. Cancelled
  // if that was asked for before it came.
  absl::StatusOr<const v1::SegmentChunk*> Next(absl::Duration deadline,
                                               const std::atomic<bool>& cancelled) {
    {
      absl::MutexLock lock(&mutex_);
      reading_ = true;
    }
    StartRead(&chunk_);
    const absl::Time give_up = absl::Now() + deadline;
    while (!AwaitRead(std::min(kCancelCheck, give_up - absl::Now()))) {
      if (cancelled) return WasCancelled();
      if (absl::Now() >= give_up) {
        return Unavailable("it sent nothing for {}", absl::FormatDuration(deadline));
      }
    }
    absl::MutexLock lock(&mutex_);
    return read_ok_ ? &chunk_ : nullptr;
  }

  // After Next gave null: blocks for the moment that the status takes.
  absl::Status status() {
    Release();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&done_));
    return status_;
  }

 private:
  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    read_ok_ = ok;
  }
  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = FromGrpc(status);
    done_ = true;
  }
  bool AwaitRead(absl::Duration deadline) {
    const auto idle = [](bool* reading) { return !*reading; };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(+idle, &reading_), deadline);
  }
  void Release() {
    if (std::exchange(held_, false)) RemoveHold();
  }

  const std::unique_ptr<v1::ShuffleService::Stub> stub_;
  const v1::FetchRequest request_;
  grpc::ClientContext context_;
  bool held_ = true;
  absl::Mutex mutex_;
  v1::SegmentChunk chunk_;  // gRPC's while reading_
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_ok_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

v1::FetchRequest RequestFor(const MapOutput& output, std::uint32_t partition) {
  v1::FetchRequest request;
  request.set_job(output.task.job.value());
  request.set_stage(output.task.stage);
  request.set_partition(partition);
  request.add_tasks(output.task.task);
  request.add_attempts(output.attempt.value());
  request.set_takes_lz4(true);
  return request;
}

absl::StatusOr<std::string_view> PieceOf(const v1::SegmentChunk& chunk, std::string* buffer) {
  if (chunk.piece_bytes() == 0) return std::string_view(chunk.data());
  return DecompressPiece(chunk.data(), chunk.piece_bytes(), buffer);
}

std::string Describe(const MapOutput& output) {
  return fmt::format("the output of stage {} task {} (attempt {}) on {}", output.task.stage,
                     output.task.task, output.attempt.value(), output.address);
}

// What the peer said, as the caller is to see it: Unavailable is about the peer, NotFound and
// DataLoss about this output. `retry` tells whether trying again may help.
absl::Status Judge(const MapOutput& output, const absl::Status& said, Retry* retry) {
  *retry = Retry::kNever;
  switch (said.code()) {
    case absl::StatusCode::kNotFound:
      return NotFound("{} is not there: {}", Describe(output), Message(said));
    case absl::StatusCode::kDataLoss:
      return DataLoss("{} is damaged: {}", Describe(output), Message(said));
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
      return Internal("{} can't be asked for: {}", Describe(output), Message(said));
    default:
      *retry = absl::IsResourceExhausted(said) ? Retry::kBusy : Retry::kUnreachable;
      return Unavailable("{} can't be fetched: {}", Describe(output), Message(said));
  }
}

}  // namespace

absl::Status ShuffleClient::FetchToFile(const MapOutput& output, std::uint32_t partition,
                                        const std::string& path,
                                        const std::atomic<bool>& cancelled) {
  absl::Time unreachable_until = absl::InfiniteFuture();
  absl::Time busy_until = absl::InfiniteFuture();
  absl::Duration backoff = kBackoffFirst;
  for (;;) {
    Retry retry = Retry::kNever;
    const absl::Status status = FetchOnce(output, partition, path, cancelled, &retry);
    if (retry == Retry::kNever) return status;
    const absl::Time now = absl::Now();
    if (retry == Retry::kBusy) {
      busy_until = std::min(busy_until, now + options_.retry_busy_for);
      unreachable_until = absl::InfiniteFuture();  // it answered
    } else {
      unreachable_until = std::min(unreachable_until, now + options_.retry_for);
    }
    if (now + backoff >= std::min(busy_until, unreachable_until)) return status;
    if (!SleepUnlessCancelled(backoff, cancelled)) return WasCancelled();
    backoff = std::min(backoff * 2, kBackoffMost);
  }
}

absl::Status ShuffleClient::FetchOnce(const MapOutput& output, std::uint32_t partition,
                                      const std::string& path, const std::atomic<bool>& cancelled,
                                      Retry* retry) {
  *retry = Retry::kNever;
  GM_ASSIGN_OR_RETURN(
      SegmentFileWriter writer,
      SegmentFileWriter::Create(path, RunFileId{output.task, output.attempt}, partition));
  Reading reading(ChannelTo(output.address), RequestFor(output, partition));
  std::string buffer;
  for (bool complete = false; !complete;) {
    const auto chunk = reading.Next(options_.read_deadline, cancelled);
    if (absl::IsCancelled(chunk.status()) && cancelled) return chunk.status();
    if (!chunk.ok()) return Judge(output, chunk.status(), retry);
    if (*chunk == nullptr) {
      const absl::Status status = reading.status();
      return Judge(output, status.ok() ? DataLoss("it ended early") : status, retry);
    }
    const auto piece = PieceOf(**chunk, &buffer);
    if (!piece.ok()) return Judge(output, piece.status(), retry);
    GM_RETURN_IF_ERROR(writer.Append((*chunk)->run(), *piece));
    complete = (*chunk)->last();
  }
  return writer.Finish();
}

std::shared_ptr<grpc::Channel> ShuffleClient::ChannelTo(const std::string& address) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<grpc::Channel>& channel = channels_[address];
  if (channel == nullptr) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
    channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  return channel;
}

}  // namespace gristmill::worker
