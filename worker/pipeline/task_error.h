// From absl::Status, in which the framework reports, to the exceptions of gristmill/task.h, in
// which a task does.
#pragma once

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/status.h"
#include "gristmill/task.h"

namespace gristmill::worker {

// Map outputs that could not be read; their tasks have to run again.
class LostOutputError : public TaskError {
 public:
  LostOutputError(std::vector<TaskRef> lost, const std::string& message)
      : TaskError(message), lost_(std::move(lost)) {}
  const std::vector<TaskRef>& lost() const { return lost_; }

 private:
  std::vector<TaskRef> lost_;
};

// The framework's own side failed, on a full disk say: no record of the task is to blame.
class EnvironmentError : public TaskError {
 public:
  using TaskError::TaskError;
};

// Whether a map output that could not be had is to be made again. Any other error, such as a full
// disk here, is the reader's own: the output may be healthy.
inline bool IsLostOutput(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsDataLoss(status) || absl::IsUnavailable(status) ||
         absl::IsDeadlineExceeded(status);
}

inline void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) throw EnvironmentError(Message(status));
}

template <class T>
T ValueOrThrow(absl::StatusOr<T> value) {
  ThrowIfError(value.status());
  return *std::move(value);
}

inline void ThrowIfCancelled(const std::atomic<bool>& cancelled) {
  if (cancelled.load(std::memory_order_relaxed)) throw TaskCancelled();
}

}  // namespace gristmill::worker
