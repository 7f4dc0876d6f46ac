#include "worker/runner/runner_session.h"

#include <utility>

namespace gristmill::worker {
namespace {

constexpr std::size_t kWaitingMessagesMax = 4096;
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(500);

}  // namespace

RunnerSession::RunnerSession(std::unique_ptr<v1::RunnerService::Stub> stub, ShufflePort* shuffle)
    : stub_(std::move(stub)), shuffle_(shuffle), writer_(this, kWaitingMessagesMax) {}

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
      job_ = std::make_unique<RunnerJob>(command.start(), shuffle_, [this](v1::TaskReport report) {
        v1::RunnerMessage message;
        *message.mutable_report() = std::move(report);
        Send(std::move(message));
      });
    }
    job = job_.get();
  }
  // Before its start a runner can do nothing but stop.
  if (command.has_stop() || job == nullptr) return End();
  switch (command.kind_case()) {
    case v1::RunnerCommand::kSources:
      return job->SetSources(std::move(*command.mutable_sources()));
    case v1::RunnerCommand::kBroadcast:
      return job->SetBroadcast(std::move(*command.mutable_broadcast()));
    case v1::RunnerCommand::kAssignment:
      return job->Run(std::move(*command.mutable_assignment()));
    case v1::RunnerCommand::kCancel:
      return job->Cancel(command.cancel());
    default:
      return;
  }
}

void RunnerSession::WaitForEnd() {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&ended_), kProgressPeriod)) {
    if (job_ == nullptr) continue;
    v1::RunnerMessage message;
    *message.mutable_progress() = job_->progress();
    if (message.progress().progress().empty()) continue;
    mutex_.Unlock();
    Send(std::move(message));
    mutex_.Lock();
  }
}

}  // namespace gristmill::worker
