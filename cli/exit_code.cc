#include "cli/exit_code.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/status.h"

namespace gristmill::cli {

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kDone;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kNoCluster;
    case absl::StatusCode::kCancelled:
      return kInterrupted;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kResourceExhausted:
      return kRefused;
    default:
      return kJobFailed;
  }
}

int ExitCodeOf(const v1::JobStatus& status) {
  if (status.state() != v1::JOB_STATE_SUCCEEDED) return kJobFailed;
  return status.tasks_left_out() > 0 ? kLeftOut : kDone;
}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "gristmill: {}\n", Message(status));
  return ExitCodeOf(status);
}

}  // namespace gristmill::cli
