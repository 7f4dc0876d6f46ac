// This process, as others see it.
#pragma once

#include <cstdint>
#include <string>

namespace gristmill {

std::string HostName();
// "host:pid".
std::string ProcessName();

// To the hard limit: the usual soft limit of 1024 is for programs that call select(). Best effort.
// Returns how many files may be open from now on.
std::uint64_t RaiseOpenFilesLimit();

}  // namespace gristmill
