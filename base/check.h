// GM_CHECK: an assertion that stays on in release builds. For our own bugs only;
// what the world does wrong is an absl::Status.
#pragma once

namespace gristmill {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace gristmill

#define GM_CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::gristmill::CheckFailed(__FILE__, __LINE__, #condition))
