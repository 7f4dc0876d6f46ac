#include "worker/runner/runner_session.h"

#include <utility>

#include "base/attempt_limits.h"

namespace gristmill::worker {
namespace {

constexpr std::size_t kWaitingMessagesMax = 4096;
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(500);
// A report waits so long for others while the threads have something to do; nobody waits for it.
constexpr absl::Duration kHoldReports = absl::Milliseconds(5);
constexpr absl::Duration kFarewellMax = absl::Seconds(1);
constexpr std::size_t kHeldBytesMax = 256 << 10;

}  // namespace

RunnerSession::RunnerSession(std::unique_ptr<v1::RunnerService::Stub> stub, ShufflePort* shuffle,
                             FlightRecorder* recorder)
    : stub_(std::move(stub)),
      shuffle_(shuffle),
      recorder_(recorder),
      writer_(this, kWaitingMessagesMax) {}

void RunnerSession::Start(const std::string& token) {
  stub_->async()->Session(&context_, this);
  // Reports are written by the pool's threads, outside of reactions. The hold is never removed:
  // the process ends first.
  AddHold();
  StartRead(&command_);
  StartCall();
  v1::RunnerMessage hello;
  hello.mutable_hello()->set_token(token);
  Send(std::move(hello));
}

void RunnerSession::Send(v1::RunnerMessage message) {
  if (!writer_.Send(std::move(message))) End();
}

void RunnerSession::OnReadDone(bool ok) {
  if (!ok) return End();
  Obey(std::move(command_));
  command_.Clear();
  StartRead(&command_);
}

void RunnerSession::OnWriteDone(bool ok) {
  writer_.OnWriteDone(ok);
  if (!ok) End();
}

void RunnerSession::OnDone(const grpc::Status&) { End(); }

void RunnerSession::End() {
  writer_.Close();
  absl::MutexLock lock(&mutex_);
  ended_ = true;
}

void RunnerSession::Obey(v1::RunnerCommand command) {
  RunnerJob* job;
  {
    absl::MutexLock lock(&mutex_);
    if (command.has_start() && job_ == nullptr) {
      job_ = std::make_unique<RunnerJob>(
          command.start(), shuffle_, recorder_,
          [this](v1::TaskReport report, bool more) { Report(std::move(report), more); },
          [this] { Retire(); });
      held_max_ = static_cast<int>(ReportsAtOnce(command.start().threads()));
    }
    job = job_.get();
    stopped_ |= command.has_stop();
  }
  // Before its start a runner can do nothing but stop.
  if (command.has_stop() || job == nullptr) return End();
  switch (command.kind_case()) {
    case v1::RunnerCommand::kSources:
      return job->SetSources(std::move(*command.mutable_sources()));
    case v1::RunnerCommand::kBroadcast:
      return job->SetBroadcast(std::move(*command.mutable_broadcast()));
    case v1::RunnerCommand::kAssign:
      for (v1::TaskAssignment& assignment : *command.mutable_assign()->mutable_assignments()) {
        job->Run(std::move(assignment));
      }
      return;
    case v1::RunnerCommand::kCancel:
      return job->Cancel(command.cancel());
    case v1::RunnerCommand::kCut:
      return job->Cut(command.cut());
    default:
      return;
  }
}

void RunnerSession::Report(v1::TaskReport report, bool more) {
  {
    absl::MutexLock lock(&mutex_);
    if (held_.reports_size() == 0) held_since_ = absl::Now();
    held_bytes_ += report.ByteSizeLong();
    *held_.add_reports() = std::move(report);
    const bool is_full = held_.reports_size() >= held_max_ || held_bytes_ >= kHeldBytesMax;
    if (more && !is_full) return;  // WaitForEnd will not forget them
  }
  SendHeldReports();
}

void RunnerSession::SendHeldReports() {
  v1::RunnerMessage message;
  {
    absl::MutexLock lock(&mutex_);
    if (held_.reports_size() == 0) return;
    message.mutable_reports()->Swap(&held_);
    held_bytes_ = 0;
  }
  Send(std::move(message));
}

void RunnerSession::Retire() {
  absl::MutexLock lock(&mutex_);
  retiring_ = true;
}

// The worker ends the stream when it has handled what came before the end of ours.
RunnerSession::Ending RunnerSession::TakeLeave() {
  SendHeldReports();
  writer_.Flush(kFarewellMax);
  writer_.Close();
  StartWritesDone();
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&ended_), kFarewellMax);
  return Ending::kOutOfMemory;
}

void RunnerSession::AwaitJob() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &RunnerSession::EndedOrHasJob));
}

RunnerSession::Ending RunnerSession::WaitForEnd() {
  AwaitJob();
  absl::Time next_progress = absl::Now() + kProgressPeriod;
  for (bool retiring = false; !retiring;) {
    v1::RunnerMessage message;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(this, &RunnerSession::EndedOrHolds), next_progress);
      if (held_.reports_size() > 0) {
        mutex_.AwaitWithDeadline(absl::Condition(&ended_), held_since_ + kHoldReports);
      }
      if (ended_) return stopped_ ? Ending::kStopped : Ending::kLostContact;
      retiring = retiring_;
      const absl::Time now = absl::Now();
      // Those that were held have gone meanwhile, and others have come.
      const bool holds = held_.reports_size() > 0 && now < held_since_ + kHoldReports;
      if (holds && !retiring && now < next_progress) continue;
      if (now >= next_progress) {
        next_progress = now + kProgressPeriod;
        *message.mutable_progress() = job_->progress();
      }
    }
    SendHeldReports();
    if (message.progress().progress_size() > 0) Send(std::move(message));
  }
  return TakeLeave();
}

}  // namespace gristmill::worker
