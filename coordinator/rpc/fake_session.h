// A session that keeps what it is sent, as short text.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/rpc/session_port.h"

namespace gristmill::coordinator {

class FakeSession final : public SessionPort {
 public:
  void Send(v1::CoordinatorMessage message) override { sent_.push_back(Text(message)); }
  void ReadNext() override { ++reads_; }
  void Close(const absl::Status& status) override { closed_ = status; }

  std::vector<std::string> TakeSent() { return std::exchange(sent_, {}); }
  int reads() const { return reads_; }
  const std::optional<absl::Status>& closed() const { return closed_; }

 private:
  static std::string Text(const v1::CoordinatorMessage& message) {
    std::string text;
    switch (message.kind_case()) {
      case v1::CoordinatorMessage::kRegistered:
        return fmt::format("registered {}", message.registered().worker());
      case v1::CoordinatorMessage::kJobStart:
        return fmt::format("job start {}", message.job_start().job());
      case v1::CoordinatorMessage::kSources:
        return fmt::format("sources of {} tasks", message.sources().tasks_size());
      case v1::CoordinatorMessage::kBroadcast:
        return fmt::format("broadcast of {} results", message.broadcast().results_size());
      case v1::CoordinatorMessage::kAssign:
        text = "assign";
        for (const auto& each : message.assign().assignments()) {
          text += fmt::format(" {}", each.attempt());
        }
        return text;
      case v1::CoordinatorMessage::kCancel:
        text = "cancel";
        for (const auto attempt : message.cancel().attempts()) text += fmt::format(" {}", attempt);
        return text;
      case v1::CoordinatorMessage::kCut:
        text = "cut";
        for (const auto attempt : message.cut().attempts()) text += fmt::format(" {}", attempt);
        return text;
      case v1::CoordinatorMessage::kOverdue:
        return "overdue";
      case v1::CoordinatorMessage::kReadLog:
        return fmt::format("read log of job {}", message.read_log().job());
      case v1::CoordinatorMessage::kJobEnd:
        text = "job end";
        for (const auto job : message.job_end().jobs()) text += fmt::format(" {}", job);
        return text;
      case v1::CoordinatorMessage::kAck:
        text = "ack";
        for (const auto attempt : message.ack().attempts()) text += fmt::format(" {}", attempt);
        return text;
      case v1::CoordinatorMessage::kDrainComplete:
        return "drain complete";
      case v1::CoordinatorMessage::KIND_NOT_SET:
        return "nothing";
    }
    return text;
  }

  std::vector<std::string> sent_;
  int reads_ = 0;
  std::optional<absl::Status> closed_;
};

}  // namespace gristmill::coordinator
