#pragma once

namespace gristmill::cli {
inline constexpr const char* kVersion = GRISTMILL_VERSION;
}  // namespace gristmill::cli
