// A worker that does as the test says, over a real session.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/v1/worker_service.grpc.pb.h"

namespace gristmill::coordinator {

class FakeWorker {
 public:
  explicit FakeWorker(int port, std::string instance = "instance-1")
      : instance_(std::move(instance)),
        stub_(v1::WorkerService::NewStub(grpc::CreateChannel(
            "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()))) {}

  v1::Register Registration() const {
    v1::Register registration;
    registration.set_instance(instance_);
    registration.set_name("host:" + instance_);
    registration.set_slots(2);
    registration.set_shuffle_address("127.0.0.1:1");
    registration.set_spill_directory("/spill");
    registration.set_version(GRISTMILL_VERSION);
    return registration;
  }

  void Connect(const v1::Register& registration) {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream_ = stub_->Session(context_.get());
    v1::WorkerMessage message;
    *message.mutable_register_() = registration;
    Send(message);
  }
  // Connects and returns the coordinator's answer.
  v1::Registered Join(const std::vector<std::uint64_t>& running = {},
                      const std::vector<std::uint64_t>& jobs = {}) {
    v1::Register registration = Registration();
    registration.mutable_running_attempts()->Add(running.begin(), running.end());
    registration.mutable_jobs()->Add(jobs.begin(), jobs.end());
    Connect(registration);
    return Next().registered();
  }
  void Disconnect() {
    context_->TryCancel();
    Ending();
  }

  void Send(const v1::WorkerMessage& message) { stream_->Write(message); }
  // The next message; an empty one, and a failed test, if the stream ended.
  v1::CoordinatorMessage Next() {
    v1::CoordinatorMessage message;
    EXPECT_TRUE(stream_->Read(&message)) << "the session ended";
    return message;
  }
  // The next message that `is_wanted` likes; those before are dropped.
  template <class Wanted>
  v1::CoordinatorMessage NextThat(Wanted is_wanted) {
    while (true) {
      v1::CoordinatorMessage message;
      if (!stream_->Read(&message)) {
        ADD_FAILURE() << "the session ended: " << stream_->Finish().error_message();
        return message;
      }
      if (is_wanted(message)) return message;
    }
  }
  v1::TaskAssignment NextAssignment() {
    while (assigned_.empty()) {
      const auto message = NextThat([](const auto& m) { return m.has_assign(); });
      if (!message.has_assign()) return {};
      assigned_.assign(message.assign().assignments().begin(),
                       message.assign().assignments().end());
    }
    const v1::TaskAssignment assignment = assigned_.front();
    assigned_.erase(assigned_.begin());
    return assignment;
  }

  void Report(const v1::TaskReport& report) {
    v1::WorkerMessage message;
    *message.mutable_reports()->add_reports() = report;
    Send(message);
  }
  void Succeed(std::uint64_t attempt) {
    v1::TaskReport report;
    report.set_attempt(attempt);
    report.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
    v1::Counter* counter = report.add_counters();
    counter->set_name("records");
    counter->set_value(10);
    Report(report);
  }
  void Fail(std::uint64_t attempt, const std::string& why) {
    v1::TaskReport report;
    report.set_attempt(attempt);
    report.set_outcome(v1::TASK_OUTCOME_FAILED);
    report.set_message(why);
    Report(report);
  }

  // How the coordinator ended the stream.
  grpc::Status Ending() {
    v1::CoordinatorMessage message;
    while (stream_->Read(&message)) {
    }
    return stream_->Finish();
  }

 private:
  const std::string instance_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerMessage, v1::CoordinatorMessage>> stream_;
  std::vector<v1::TaskAssignment> assigned_;
};

}  // namespace gristmill::coordinator
