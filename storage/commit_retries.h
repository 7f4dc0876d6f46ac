// When a commit that failed is tried again: the trouble may pass, and the tasks are all done.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/instant.h"

namespace gristmill {

// The waits between the tries of one commit. They double from the first to the last, and all
// together take no longer than `all_ms`.
class CommitRetries {
 public:
  struct Limits {
    DurationMs first_wait_ms = 1'000;
    DurationMs last_wait_ms = 30'000;
    DurationMs all_ms = 300'000;
  };
  explicit CommitRetries(const Limits& limits)
      : limits_(limits), next_wait_ms_(limits.first_wait_ms) {}

  // How long to wait before the next try; none if `failure` is for good.
  std::optional<DurationMs> WaitAfter(const absl::Status& failure);

 private:
  const Limits limits_;
  DurationMs next_wait_ms_;
  DurationMs waited_ms_ = 0;
};

// Why a job failed whose output could not be put into place: what is in `staging` stays there.
std::string DescribeFailedCommit(const absl::Status& failure, const std::string& staging);

}  // namespace gristmill
