// absl::Status with formatted sentences, and early return.
//
// The distribution's abseil has its own string_view, which std::string_view does not convert to;
// so the project formats with fmt and keeps std::string_view in its own signatures.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gristmill {

// InvalidArgument("'{}' is not a size", text): one sentence that says what happened, to which
// thing, and what to do next.
#define GM_STATUS_FACTORY(Name)                                                 \
  template <class... Args>                                                      \
  absl::Status Name(fmt::format_string<Args...> format, Args&&... args) {       \
    return absl::Name##Error(fmt::format(format, std::forward<Args>(args)...)); \
  }
GM_STATUS_FACTORY(InvalidArgument)
GM_STATUS_FACTORY(NotFound)
GM_STATUS_FACTORY(AlreadyExists)
GM_STATUS_FACTORY(PermissionDenied)
GM_STATUS_FACTORY(FailedPrecondition)
GM_STATUS_FACTORY(ResourceExhausted)
GM_STATUS_FACTORY(Unavailable)
GM_STATUS_FACTORY(DeadlineExceeded)
GM_STATUS_FACTORY(DataLoss)
GM_STATUS_FACTORY(Cancelled)
GM_STATUS_FACTORY(Aborted)
GM_STATUS_FACTORY(Internal)
#undef GM_STATUS_FACTORY

// The status of a failed system call: the errno picks the code, so that ENOENT is NotFound, EACCES
// PermissionDenied, ENOSPC ResourceExhausted. `what` is "can't open /a/b".
absl::Status ErrnoStatus(int error_number, std::string_view what);

inline std::string Message(const absl::Status& status) { return std::string(status.message()); }

}  // namespace gristmill

#define GM_RETURN_IF_ERROR(expr)                            \
  do {                                                      \
    if (absl::Status gm_status = (expr); !gm_status.ok()) { \
      return gm_status;                                     \
    }                                                       \
  } while (false)

#define GM_CONCAT_(a, b) a##b
#define GM_CONCAT(a, b) GM_CONCAT_(a, b)
#define GM_ASSIGN_OR_RETURN(lhs, expr) GM_ASSIGN_OR_RETURN_(GM_CONCAT(gm_or_, __LINE__), lhs, expr)
#define GM_ASSIGN_OR_RETURN_(tmp, lhs, expr)     \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  lhs = *std::move(tmp)
