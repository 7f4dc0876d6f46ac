#include "client/job_watch.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "client/grpc_status.h"

namespace gristmill {
namespace {

// A stream is opened anew after this long, so that none waits without a deadline.
constexpr std::chrono::milliseconds kStreamTime = std::chrono::seconds(60);

bool IsFinal(const v1::JobStatus& status) {
  return status.state() == v1::JOB_STATE_SUCCEEDED || status.state() == v1::JOB_STATE_FAILED ||
         status.state() == v1::JOB_STATE_CANCELLED;
}

bool MayPass(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:  // the stream ended before the job
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return true;
    default:
      return false;
  }
}

}  // namespace

JobWatch::JobWatch(std::shared_ptr<grpc::Channel> channel, v1::JobService::Stub* stub,
                   std::uint64_t job, DurationMs patience_ms, bool heard)
    : channel_(std::move(channel)), stub_(stub), job_(job), patience_(patience_ms), heard_(heard) {}

absl::StatusOr<v1::JobStatus> JobWatch::Run(const OnStatus& on_status) {
  bool ever_heard = heard_;
  Clock::time_point vanished = Clock::now();
  while (true) {
    const StreamEnd end = FollowStream(on_status);
    if (end.done) return newest_;
    ever_heard = ever_heard || end.heard;
    if (end.heard) vanished = Clock::now();
    if (!MayPass(end.status)) return FromGrpc(end.status);
    if (!ever_heard || Clock::now() - vanished >= patience_) {
      return end.status.ok() ? Unavailable("the watch ended early") : FromGrpc(end.status);
    }
    AwaitAnotherTry(*channel_);
  }
}

JobWatch::StreamEnd JobWatch::FollowStream(const OnStatus& on_status) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::clamp(patience_, std::chrono::milliseconds(1'000), kStreamTime));
  v1::WatchRequest request;
  request.set_job(job_);
  const auto reader = stub_->Watch(&context, request);
  StreamEnd end;
  while (!end.done && reader->Read(&newest_)) {
    end.heard = true;
    end.done = !on_status(newest_) || IsFinal(newest_);
  }
  if (end.done) context.TryCancel();
  end.status = reader->Finish();
  return end;
}

void AwaitAnotherTry(grpc::Channel& channel) {
  const auto now = std::chrono::system_clock::now();
  if (channel.GetState(true) == GRPC_CHANNEL_READY) {
    // It answers but refuses: most likely it is stopping and the connection is about to break.
    channel.WaitForStateChange(GRPC_CHANNEL_READY, now + std::chrono::milliseconds(200));
  } else {
    channel.WaitForConnected(now + std::chrono::seconds(1));
  }
}

}  // namespace gristmill
