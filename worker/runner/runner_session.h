// The runner's stream to its worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gristmill/v1/runner_service.grpc.pb.h"
#include "worker/rpc/stream_writer.h"
#include "worker/runner/flight_recorder.h"
#include "worker/runner/runner_job.h"

namespace gristmill::worker {

// One per process, made once and never destroyed: user code may still run on the job's threads
// when the process ends.
class RunnerSession : public grpc::ClientBidiReactor<v1::RunnerMessage, v1::RunnerCommand> {
 public:
  // `recorder` may be null.
  RunnerSession(std::unique_ptr<v1::RunnerService::Stub> stub, ShufflePort* shuffle,
                FlightRecorder* recorder);

  // Says hello with the token that binds the stream to this process.
  void Start(const std::string& token);
  enum class Ending : std::uint8_t { kStopped, kLostContact, kOutOfMemory };
  // Waits until the worker said stop, the stream broke or memory ran out; sends progress meanwhile.
  // In the last case the worker has every report when this returns.
  Ending WaitForEnd();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void Obey(v1::RunnerCommand command);
  void End();
  void Send(v1::RunnerMessage message);
  void Report(v1::TaskReport report, bool more);
  void SendHeldReports();
  void Retire();
  Ending TakeLeave();
  // Until there is one, or the end.
  void AwaitJob();
  bool EndedOrHasJob() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return ended_ || job_ != nullptr;
  }
  bool EndedOrHolds() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return ended_ || retiring_ || held_.reports_size() > 0;
  }

  const std::unique_ptr<v1::RunnerService::Stub> stub_;
  ShufflePort* const shuffle_;
  FlightRecorder* const recorder_;
  grpc::ClientContext context_;
  v1::RunnerCommand command_;  // being read
  StreamWriter<RunnerSession, v1::RunnerMessage> writer_;
  absl::Mutex mutex_;
  std::unique_ptr<RunnerJob> job_ ABSL_GUARDED_BY(mutex_);  // set once
  // Reports of short tasks, for a moment, so that many go out as one message.
  v1::ReportBatch held_ ABSL_GUARDED_BY(mutex_);
  absl::Time held_since_ ABSL_GUARDED_BY(mutex_);  // the first of them
  int held_max_ ABSL_GUARDED_BY(mutex_) = 1;       // so many go at once
  std::size_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;   // the worker said so
  bool retiring_ ABSL_GUARDED_BY(mutex_) = false;  // memory ran out
};

}  // namespace gristmill::worker
