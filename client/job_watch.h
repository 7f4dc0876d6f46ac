// Follows one job to its end over as many streams as it takes.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "base/instant.h"
#include "gristmill/v1/job.pb.h"
#include "gristmill/v1/job_service.grpc.pb.h"

namespace gristmill {

// Used by one thread, once.
class JobWatch {
 public:
  using OnStatus = std::function<bool(const v1::JobStatus&)>;

  // `stub` outlives this. Gives up when nobody has answered for `patience_ms`, and at once if
  // nobody answers at all and none was `heard` before.
  JobWatch(std::shared_ptr<grpc::Channel> channel, v1::JobService::Stub* stub, std::uint64_t job,
           DurationMs patience_ms, bool heard);

  // The final state, or the newest one if `on_status` wanted no more.
  absl::StatusOr<v1::JobStatus> Run(const OnStatus& on_status);

 private:
  using Clock = std::chrono::steady_clock;
  struct StreamEnd {
    grpc::Status status;
    bool heard = false;  // a status came in
    bool done = false;   // the job ended or the caller wants no more
  };

  StreamEnd FollowStream(const OnStatus& on_status);

  const std::shared_ptr<grpc::Channel> channel_;
  v1::JobService::Stub* const stub_;
  const std::uint64_t job_;
  const std::chrono::milliseconds patience_;
  const bool heard_;
  v1::JobStatus newest_;
};

// Waits until another call may succeed where one found nobody, for a moment at most.
void AwaitAnotherTry(grpc::Channel& channel);

}  // namespace gristmill
