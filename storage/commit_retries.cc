#include "storage/commit_retries.h"

#include <algorithm>

#include "base/status.h"

namespace gristmill {

std::optional<DurationMs> CommitRetries::WaitAfter(const absl::Status& failure) {
  const DurationMs wait_ms = next_wait_ms_;
  if (absl::IsDataLoss(failure) || waited_ms_ + wait_ms > limits_.all_ms) return std::nullopt;
  waited_ms_ += wait_ms;
  next_wait_ms_ = std::min(2 * wait_ms, limits_.last_wait_ms);
  return wait_ms;
}

std::string DescribeFailedCommit(const absl::Status& failure, const std::string& staging) {
  return fmt::format(
      "the tasks are done but their output can't be put into place: {}; the finished files are in "
      "'{}'",
      Message(failure), staging);
}

}  // namespace gristmill
